(() => {
  "use strict";
  const root = document.getElementById("explorer");
  const content = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const plot = root.querySelector(".plot");
  const choice = name => root.querySelector(`[data-choose="${name}"]`);
  const quantities = new Map(content.quantities.map(quantity => [quantity.name, quantity]));

  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
  const updates = content.shared.map(text => new Uint32Array(bytes(text)));
  const values = new Map(); // decoded when first shown
  const decoded = (run, name) => {
    const key = `${run.id} ${name}`;
    if (!values.has(key)) values.set(key, new Float32Array(bytes(run.traces[name][1])));
    return values.get(key);
  };

  const checked = name => {
    const boxes = choice(name);
    return boxes && new Set(Array.from(boxes.querySelectorAll("input:checked"), box => Number(box.value)));
  };
  const shownRuns = () => {
    const groups = checked("groups"), seeds = checked("seeds"), point = choice("point");
    return content.runs.filter(run => groups.has(run.group)
      && (!seeds || seeds.has(run.seed)) && (!point || run.point === point.value));
  };

  const escaped = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const about = run => {
    const name = escaped(content.groups[run.group].name);
    const seed = content.coloured_by === "arm" ? ` · seed ${run.seed}` : "";
    const onset = run.onset === null ? "" : ` from ${run.onset.toLocaleString("en")}`;
    return `<b>${name}</b>${seed}<br>run ${run.id}: ${escaped(run.verdict)}${onset}`;
  };
  const line = (run, name, opacity) => {
    const group = content.groups[run.group], y = decoded(run, name);
    const crowded = y.length > 200; // dashes would be lost in the noise of minibatches
    return {
      x: updates[run.traces[name][0]], y, mode: "lines+markers", opacity,
      line: { color: group.colour, dash: crowded ? "solid" : group.dash, width: crowded ? 0.8 : 1.4 },
      marker: { color: group.colour, symbol: group.symbol, size: 6, maxdisplayed: 10 },
      hovertemplate: `${about(run)}<br>%{x:,} · %{y:.4~g}<extra></extra>`,
    };
  };
  const onsets = (runs, name) => {
    const x = [], y = [];
    for (const run of runs) {
      if (run.onset === null) continue;
      const steps = updates[run.traces[name][0]], heights = decoded(run, name);
      let last = -1;
      steps.forEach((step, place) => { if (step <= run.onset && Number.isFinite(heights[place])) last = place; });
      if (last >= 0) { x.push(run.onset); y.push(heights[last]); }
    }
    return {
      x, y, mode: "markers", hoverinfo: "skip",
      marker: { symbol: "x-thin", size: 9, line: { width: 2, color: "#222222" } },
    };
  };

  // 1, 2, 5, 10, … in full on a log axis
  const ticks = () => choice("log").checked ? { type: "log", dtick: "D2", tickformat: "~g" } : { type: "linear" };
  const layout = quantity => ({
    uirevision: quantity.name, showlegend: false, hovermode: "closest",
    margin: { l: 62, r: 12, t: 12, b: 46 }, paper_bgcolor: "white", plot_bgcolor: "white",
    font: { family: "system-ui, sans-serif", size: 12, color: "#222222" },
    xaxis: { title: { text: content.updates }, gridcolor: "#eceef1", zeroline: false, ticks: "outside", tickformat: "," },
    yaxis: {
      title: { text: `${quantity.title} (${quantity.unit})` }, ...ticks(),
      gridcolor: "#eceef1", zeroline: false, ticks: "outside", automargin: true,
    },
    shapes: quantity.lines.map(height => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: height, y1: height,
      line: { color: "#767676", width: 1, dash: "dash" },
    })),
  });
  const settings = {
    responsive: true, displaylogo: false, displayModeBar: true,
    showSendToCloud: false, plotlyServerURL: "", // what is shown stays here
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg", filename: "traces" },
  };

  const draw = () => {
    const quantity = quantities.get(choice("quantity").value);
    const runs = shownRuns();
    const opacity = Math.min(0.9, Math.max(0.25, 20 / runs.length));
    const lines = runs.map(run => line(run, quantity.name, opacity));
    Plotly.react(plot, [...lines, onsets(runs, quantity.name)], layout(quantity), settings);
  };

  choice("quantity").addEventListener("change", () => {
    choice("log").checked = quantities.get(choice("quantity").value).log;
  });
  root.addEventListener("change", draw);
  for (const button of root.querySelectorAll("button[data-all]")) {
    button.addEventListener("click", () => {
      for (const box of choice("seeds").querySelectorAll("input")) box.checked = Boolean(button.dataset.all);
      draw();
    });
  }
  choice("log").checked = quantities.get(choice("quantity").value).log;
  draw();
  new ResizeObserver(() => plot.clientWidth && Plotly.Plots.resize(plot)).observe(plot); // when a fold opens
})();
