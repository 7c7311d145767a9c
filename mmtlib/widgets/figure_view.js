// Draws a plotly figure that Python sends as JSON; see figure_view.py.

const LIBRARY = "mmtlib-plotly";

const find = (manager, reference) => manager.get_model(reference.slice("IPY_MODEL_".length));

// Plotly has 5 MB: a page loads it once, for all figures, and when it has nothing else to do.
const plotlyOf = async (manager, source) => {
  const library = await find(manager, source.get("library"));
  globalThis[LIBRARY] ??= {};
  globalThis[LIBRARY][library.get("version")] ??= (async () => {
    await new Promise((go) => requestIdleCallback(go, { timeout: 500 }));
    const code = `${library.get("code")}\nexport default globalThis.Plotly;`;
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const loaded = await import(address);
    URL.revokeObjectURL(address);
    return loaded.default;
  })();
  return globalThis[LIBRARY][library.get("version")];
};

const render = async ({ model, el }) => {
  const source = await find(model.widget_manager, model.get("source"));
  const place = document.createElement("div");
  el.append(place);
  let plotly = null;
  let figure = null; // what is to be drawn
  let drawn = {}; // what was drawn, and how wide

  const listen = () =>
    place.on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) =>
      model.send({ trace: curveNumber, point: pointNumber }));

  const draw = () => {
    const room = place.clientWidth;
    // In a tab that is not open nothing can be measured: it is drawn when it is opened.
    if (!plotly || !room || (drawn.figure === figure && drawn.room === room)) return;
    const first = !drawn.figure;
    drawn = { figure, room };
    // A figure is as wide as it says, or as there is room. A drag does not zoom by accident.
    const width = Math.min(figure.layout.width ?? room, room);
    const layout = { ...figure.layout, width, dragmode: false };
    plotly.react(place, figure.data, layout, { displayModeBar: false });
    if (first) listen();
  };

  const take = () => {
    figure = JSON.parse(source.get("figure"));
    draw();
  };

  const seen = new ResizeObserver(draw);
  take();
  source.on("change:figure", take);
  seen.observe(place);
  plotlyOf(model.widget_manager, source).then((loaded) => {
    plotly = loaded;
    draw();
  });
  return () => {
    seen.disconnect();
    source.off("change:figure", take);
    plotly?.purge(place);
    plotly = null;
  };
};

export default { render };
