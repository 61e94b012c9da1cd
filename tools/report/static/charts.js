// Power, memory and latency with uPlot; the numbers are those of the report of the run.

const plots = [], HEIGHT = 180;

function chart(place, title, unit, xs, ys, { steps = false, points = false, x = 'cycle', most = null, shade = null, missing = 'Not known.' } = {}) {
  if (!xs.length) {
    place.append(make('p', { class: 'empty' }, missing));
    return;
  }
  const ink = css('--dim'), rule = css('--rule');
  const axis = { stroke: () => css('--dim'), grid: { stroke: () => css('--rule'), width: 1 }, ticks: { stroke: () => css('--rule'), width: 1, size: 4 }, font: '11px system-ui' };
  const values = (_, marks) => marks.map((mark) => (mark === null ? '' : unit === 'W' ? scaled(mark, 'W') : Number.isInteger(mark) ? digits(mark) : ''));
  const series = {
    label: title, stroke: () => css('--line'), width: 1.5, fill: points ? undefined : () => css('--fill'),
    paths: steps ? uPlot.paths.stepped({ align: 1 }) : points && xs.length > 1 ? () => null : undefined, points: { show: points, size: xs.length > 400 ? 3 : 6, fill: () => css('--line') },
    value: (_, value) => (value === null ? '' : unit === 'W' ? scaled(value, 'W') : `${digits(value)} ${unit}`),
  };
  const plot = new uPlot({
    width: place.clientWidth, height: HEIGHT, cursor: { y: false, points: { size: 7 } },
    scales: { x: { time: false }, y: { range: (_, __, high) => [0, Math.max(most || 0, high * 1.08, 1e-30)] } },
    axes: [{ ...axis, values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? digits(mark) : '')), space: 90, size: 28 }, { ...axis, values, size: 64 }],
    hooks: { drawClear: shade ? [(drawn) => shadeOf(drawn, ...shade)] : [] },
    series: [{ label: x, value: (_, value) => (value === null ? '' : digits(value)) }, series],
  }, [xs, ys], place);
  place.setAttribute('role', 'img');
  place.setAttribute('aria-label', `${title} over ${x}`);
  plots.push({ plot, place });
  new ResizeObserver(() => fit({ plot, place })).observe(place);
}

// Draws a chart as wide as its place is by now, in the colours of the screen or of paper.
function fit({ plot, place }) {
  plot.setSize({ width: place.clientWidth, height: HEIGHT });
  plot.redraw();
}

// What a page of a part is about, behind the line of the whole run.
function shadeOf(drawn, from, to) {
  const x = (cycle) => drawn.valToPos(cycle, 'x', true), { left, top, width, height } = drawn.bbox;
  const first = Math.max(x(from), left), end = Math.min(Math.max(x(to), first + 2), left + width);
  drawn.ctx.fillStyle = css('--shade');
  drawn.ctx.fillRect(first, top, end - first, height);
}

// A value for each window, as steps that end with the run.
function windows(values, cycles, width) {
  const xs = values.map((_, at) => at * width), ys = [...values];
  if (ys.length) { xs.push(cycles); ys.push(ys[ys.length - 1]); }
  return [xs, ys];
}

function drawCharts(run, at) {
  const place = (name) => document.querySelector(`.chart.${name}[data-side="${at}"]`);
  const report = run.plain.run, cycles = run.plain.cycles, clock = run.plain.clock_ns * 1e-9;
  const power = report && report.power, [from, to] = run.plain.window;
  const shade = from > 0 || to < cycles ? [from, to] : null;
  const watts = power ? power.windows_aj.map((energy, n) => (energy * 1e-18) / (Math.max(Math.min(power.window_cycles, cycles - n * power.window_cycles), 1) * clock)) : [];
  chart(place('power'), 'power', 'W', ...windows(watts, cycles, power ? power.window_cycles : 1), { steps: true, shade });
  const memory = report && report.memory && report.memory.window_cycles ? report.memory : null;
  chart(place('memory'), 'words live, at most', 'words', ...windows(memory ? memory.windows_words : [], cycles, memory ? memory.window_cycles : 1), { steps: true, shade, missing: report && report.memory ? 'Words over time are not known: an older version wrote the trace.' : 'Not known.' });
  const flown = run.plain.stats.inferences.filter((one) => one.index >= 0 && one.latency !== null);
  if (flown.length > 1) chart(place('latency'), 'latency', 'cycles', flown.map((one) => one.index), flown.map((one) => one.latency), { points: true, x: 'inference' });
}
