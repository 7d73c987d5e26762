(() => {
  "use strict";
  const root = document.getElementById("explorer");
  const plot = root.querySelector(".plot");
  const choice = name => root.querySelector(`[data-choose="${name}"]`);
  let content, quantities, updates; // unpacked when first opened

  const unpacked = name => {
    const packed = atob(root.querySelector(`script[data-packed="${name}"]`).textContent);
    const bytes = new Blob([Uint8Array.from(packed, letter => letter.charCodeAt(0))]);
    return new Response(bytes.stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const summed = differences => {
    let sum = 0;
    return differences.map(difference => sum += difference);
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
    const group = content.groups[run.group], [place, y] = run.traces[name];
    const crowded = y.length > 200; // dashes would be lost in the noise of minibatches
    return {
      x: updates[place], y, mode: "lines+markers", opacity,
      line: { color: group.colour, dash: crowded ? "solid" : group.dash, width: crowded ? 0.8 : 1.4 },
      marker: { color: group.colour, symbol: group.symbol, size: 6, maxdisplayed: 10 },
      hovertemplate: `${about(run)}<br>%{x:,} · %{y:.9~g}<extra></extra>`, // y as rounded in the data
    };
  };
  const onsets = (runs, name) => {
    const x = [], y = [];
    for (const run of runs) {
      if (run.onset === null) continue;
      const [place, heights] = run.traces[name];
      const last = updates[place].findLastIndex((step, at) => step <= run.onset && heights[at] !== null);
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

  const unpack = async () => {
    const [traces, plotly] = await Promise.all([unpacked("traces"), unpacked("plotly")]);
    content = JSON.parse(traces);
    quantities = new Map(content.quantities.map(quantity => [quantity.name, quantity]));
    updates = content.shared.map(summed);
    const script = document.createElement("script");
    script.textContent = plotly;
    document.head.append(script);
  };
  const say = words => { root.querySelector(".state").textContent = words; };
  const show = async () => {
    say("Unpacking the traces …");
    await unpack();
    say("");
    root.querySelector(".board").hidden = false;
    choice("log").checked = quantities.get(choice("quantity").value).log;
    draw();
    new ResizeObserver(() => plot.clientWidth && Plotly.Plots.resize(plot)).observe(plot); // when a fold opens again
  };
  const excuse = error => {
    const cause = "DecompressionStream" in window ? error.message
      : "it has no DecompressionStream, which browsers have had since 2023";
    say(`This browser cannot unpack these lines (${cause}); the figures show the same traces.`);
  };
  const open = () => show().catch(excuse);
  const fold = root.closest("details:not([open])");
  if (fold) fold.addEventListener("toggle", open, { once: true });
  else open();
})();
