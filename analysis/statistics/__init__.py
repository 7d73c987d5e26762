"""The statistics of the analysis, importable on their own.

They take counts, lists, arrays or Series, those of pairs also a DataFrame of two columns, and return frozen
dataclasses; they know no records, files or plots. Where something cannot be estimated the result is None or
NotEstimable, with the reason beside it, never NaN. Input that means nothing raises ValueError.
"""

from analysis.statistics.agreement import Agreement, agreement
from analysis.statistics.association import RankCorrelation, rank_correlation
from analysis.statistics.competing import CauseIncidence, CumulativeIncidence, aalen_johansen
from analysis.statistics.continuous import (
    FinitePairs,
    PairedComparison,
    interquartile_mean,
    paired_comparison,
    worst_rank,
)
from analysis.statistics.equivalence import (
    Equivalence,
    rates_within_margin,
    shift_within_margin,
    within_margin,
)
from analysis.statistics.estimates import Interval, NotEstimable
from analysis.statistics.factors import (
    FactorEffect,
    FactorEffects,
    contrast_effects,
    factor_effects,
    two_level_contrasts,
)
from analysis.statistics.logistic import LogisticModel, LogOddsEffect, logistic_gee
from analysis.statistics.mean_intervals import mean_interval, sign_flip_interval, why_no_mean_interval
from analysis.statistics.missing_pairs import MissingPairBounds, MissingPairs, missing_pair_bounds
from analysis.statistics.missing_seeds import MissingSeedBounds, missing_seed_bounds
from analysis.statistics.multiplicity import MaxT, holm, max_t
from analysis.statistics.pair_counts import (
    PairCounts,
    conditional_odds_ratio,
    mcnemar_exact_p,
    mcnemar_mid_p,
    newcombe_interval,
    tango_interval,
)
from analysis.statistics.paired_survival import (
    FirstToFail,
    LogRank,
    RestrictedMeans,
    first_to_fail,
    log_rank,
    restricted_means,
)
from analysis.statistics.power import detectable_rate, discordance, mcnemar_power, pairs_needed
from analysis.statistics.profiles import PerformanceProfile, performance_profile
from analysis.statistics.rates import (
    PairedRates,
    Rate,
    e_value,
    paired_rates,
    wilson,
)
from analysis.statistics.resampling import PermutationTest, bootstrap_mean_interval, sign_flip_test
from analysis.statistics.sensitivity import SpecificationTest, specification_test
from analysis.statistics.shifts import paired_differences, paired_shift, shift_interval
from analysis.statistics.signed_rank import Shift, SignedRank, hodges_lehmann, wilcoxon_signed_rank
from analysis.statistics.significance import significant, signs_needed, smallest_sign_p
from analysis.statistics.spread import spread_test
from analysis.statistics.survival import Durations, SurvivalCurve, durations, kaplan_meier

__all__ = [
    "Agreement",
    "CauseIncidence",
    "CumulativeIncidence",
    "Durations",
    "Equivalence",
    "FactorEffect",
    "FactorEffects",
    "FinitePairs",
    "FirstToFail",
    "Interval",
    "LogOddsEffect",
    "LogRank",
    "LogisticModel",
    "MaxT",
    "MissingPairBounds",
    "MissingPairs",
    "MissingSeedBounds",
    "NotEstimable",
    "PairCounts",
    "PairedComparison",
    "PairedRates",
    "PerformanceProfile",
    "PermutationTest",
    "RankCorrelation",
    "Rate",
    "RestrictedMeans",
    "Shift",
    "SignedRank",
    "SpecificationTest",
    "SurvivalCurve",
    "aalen_johansen",
    "agreement",
    "bootstrap_mean_interval",
    "conditional_odds_ratio",
    "contrast_effects",
    "detectable_rate",
    "discordance",
    "durations",
    "e_value",
    "factor_effects",
    "first_to_fail",
    "hodges_lehmann",
    "holm",
    "interquartile_mean",
    "kaplan_meier",
    "log_rank",
    "logistic_gee",
    "max_t",
    "mcnemar_exact_p",
    "mcnemar_mid_p",
    "mcnemar_power",
    "mean_interval",
    "missing_pair_bounds",
    "missing_seed_bounds",
    "newcombe_interval",
    "paired_comparison",
    "paired_differences",
    "paired_rates",
    "paired_shift",
    "pairs_needed",
    "performance_profile",
    "rank_correlation",
    "rates_within_margin",
    "restricted_means",
    "shift_interval",
    "shift_within_margin",
    "sign_flip_interval",
    "sign_flip_test",
    "significant",
    "signs_needed",
    "smallest_sign_p",
    "specification_test",
    "spread_test",
    "tango_interval",
    "two_level_contrasts",
    "why_no_mean_interval",
    "wilcoxon_signed_rank",
    "wilson",
    "within_margin",
    "worst_rank",
]
