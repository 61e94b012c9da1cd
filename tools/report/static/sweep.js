// Puts the page of a sweep together once it is there.

const SMALL = { 'mm2': 'mm2', cycles: 'cycles', reads: 'reads' };

// A number of a run with its unit, as the command line tells it.
function numberText(metric, value, mark = false) {
  if (value === null || value === undefined) return '-';
  if (metric.name === 'accuracy') return `${Number((100 * value).toPrecision(4))} %`;
  if (SMALL[metric.unit]) return `${Math.abs(value) >= 1e4 ? digits(value) : Number(value.toPrecision(4))}${mark ? '' : ` ${metric.unit}`}`;
  return mark ? scaled(value, metric.unit).replace(/(\.\d*?)0+ /, '$1 ').replace('. ', ' ') : scaled(value, metric.unit);
}

const givenText = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value));
const isNumber = (value) => typeof value === 'number';

// What the page carries, as columns with functions: of axes and of numbers.
function opened(data) {
  const all = data.keys.map((_, row) => row);
  const rows = all.filter((row) => data.statuses[row] === 'done');
  const names = data.axes.map((one) => one.name.split('.').pop());
  const axes = data.axes.map((one, at) => axisOf(one.name, names.filter((name) => name === names[at]).length > 1 ? one.name : names[at], one.free, data.given[at], rows));
  if (new Set(data.programs).size > 1) axes.unshift(axisOf('program', 'program', false, data.programs, rows));
  const metrics = data.metrics.map((one, at) => {
    const values = data.numbers[at], known = rows.filter((row) => values[row] !== null);
    const told = (value, mark) => numberText(one, value, mark);
    const sorted = known.map((row) => values[row]).sort((a, b) => a - b);
    return { ...one, values, told, short: one.title, place: (row) => values[row], moves: sorted.length && sorted[0] < sorted[sorted.length - 1], ends: sorted.length ? [told(sorted[0]), told(sorted[sorted.length - 1])] : ['', ''], interval: (row) => intervalOf(data, one.name, row) };
  });
  const sweep = { data, all, rows, axes, metrics };
  sweep.told = (row) => [...axes.map((one) => `${one.name} ${givenText(one.values[row])}`), ...metrics.filter((one) => one.values[row] !== null).map((one) => `${one.title} ${withInterval(one, row)}`), `key ${data.keys[row]}`].join('\n');
  return sweep;
}

function intervalOf(data, name, row) {
  const found = data.intervals && data.intervals[name] && data.intervals[name][row];
  return found && found[0] !== null ? found : null;
}

function withInterval(metric, row) {
  const found = metric.interval(row);
  return found ? `${metric.told(metric.values[row])} (${metric.told(found[0])} to ${metric.told(found[1])})` : metric.told(metric.values[row]);
}

// An axis: its values, and where each lies. Numbers lie by size, anything else by its order.
function axisOf(name, short, free, values, rows) {
  const different = [...new Set(values)], numbers = different.every(isNumber);
  if (numbers) different.sort((a, b) => a - b);
  const place = new Map(different.map((one, at) => [one, numbers ? one : at]));
  const ends = different.length ? [givenText(different[0]), givenText(different[different.length - 1])] : ['', ''];
  return { name, short: free ? `${short} (free)` : short, free, values, numbers, different, place: (row) => place.get(values[row]), moves: different.length > 1, ends };
}

// What colours mean: each value one, or a ramp over many numbers; a shape for each colour but those of a ramp.
function colouring(axis) {
  if (!axis) return { colour: () => COLOURS[0], look: () => 0, key: [] };
  const count = axis.different.length, ramp = axis.numbers && count > COLOURS.length;
  if (ramp) {
    const least = axis.different[0], most = axis.different[count - 1];
    const log = least > 0 && most > 8 * least, share = (value) => (log ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least));
    return { colour: (row) => rampColour(share(axis.values[row])), look: () => 0, key: [0, 0.25, 0.5, 0.75, 1].map((one) => [rampColour(one), 0, givenText(log ? least * (most / least) ** one : least + one * (most - least))]) };
  }
  const place = new Map(axis.different.map((one, at) => [one, at % COLOURS.length]));
  const key = axis.different.slice(0, COLOURS.length).map((one, at) => [COLOURS[at], at, givenText(one)]);
  if (count > COLOURS.length) key.push([null, 0, `and ${digits(count - COLOURS.length)} more: colours come again`]);
  return { colour: (row) => COLOURS[place.get(axis.values[row])], look: (row) => place.get(axis.values[row]), key };
}

function legendOf(place, state, axis) {
  const one = (colour, look, words) => {
    const canvas = make('canvas', { width: 28, height: 28, class: 'mark', 'aria-hidden': 'true' }), pen = canvas.getContext('2d');
    if (colour) { pen.fillStyle = colour; shape(pen, look, 14, 14, 9); pen.fill(); }
    return make('li', { class: colour ? null : 'dim' }, canvas, words);
  };
  const fronts = state.fronts().filter((front) => front.rows.length);
  place.replaceChildren(...(axis ? [make('li', { class: 'dim' }, axis.short)] : []), ...state.key.map((entry) => one(...entry)),
    ...fronts.map((front) => make('li', {}, `${front.name}: ${digits(front.rows.length)} circled`)));
}

function choice(label, options, chosen, change) {
  const select = make('select', { 'aria-label': label, change: () => change(Number(select.value)) }, ...options.map((one, at) => make('option', { value: at, ...(at === chosen ? { selected: '' } : {}) }, one)));
  return make('label', { class: 'small' }, `${label} `, select);
}

// All that is known of one point.
function detailOf(place, sweep, row) {
  if (row < 0) { place.replaceChildren(make('p', { class: 'note' }, 'Click a point, or a row of the table, to see all of it here.')); return; }
  const { data } = sweep;
  const facts = [['program', data.programs[row]], ['chip', data.chips[row] || '-'], ...sweep.axes.filter((one) => one.name !== 'program').map((one) => [one.name + (one.free ? ' (free)' : ''), givenText(one.values[row])]),
    ...sweep.metrics.filter((one) => one.values[row] !== null).map((one) => [one.title, withInterval(one, row)]), ['key', make('code', {}, data.keys[row])], ...(data.errors[row] ? [['error', data.errors[row]]] : []), ...(data.statuses[row] === 'done' ? [] : [['status', data.statuses[row]]])];
  place.replaceChildren(make('dl', {}, ...facts.map(([name, value]) => make('div', { class: name === 'error' ? 'wide-fact' : null }, make('dt', {}, name), make('dd', {}, value)))));
}

function pointsTable(place, sweep, onFront, pick, seen) {
  const { data } = sweep;
  const columns = [
    { name: 'number', number: true, value: (row) => row, show: (row) => digits(row) },
    { name: 'is', value: (row) => standing(row), show: (row) => standing(row) },
    ...sweep.axes.map((one) => ({ name: one.short, number: one.numbers, value: (row) => (one.numbers ? one.values[row] : givenText(one.values[row])), show: (row) => givenText(one.values[row]) })),
    ...sweep.metrics.map((one) => ({ name: one.title, number: true, value: (row) => (one.values[row] === null ? Infinity : one.values[row]), show: (row) => one.told(one.values[row]) })),
  ];
  function standing(row) { return data.statuses[row] === 'done' ? (onFront(row) ? 'front' : '') : data.statuses[row]; }
  const words = (row) => `${sweep.axes.map((one) => `${one.name}=${givenText(one.values[row])}`).join(' ')} ${standing(row)} ${data.programs[row]} ${data.errors[row]} ${data.keys[row]}`;
  return makeTable({ place, label: 'points of the sweep', count: data.keys.length, columns, words, find: null, pick, seen });
}

async function start() {
  const sweep = opened(JSON.parse(new TextDecoder().decode(await inflated(document.getElementById('data').textContent))));
  const { data, metrics, axes } = sweep;
  const named = (name, other) => Math.max(metrics.findIndex((one) => one.name === name), metrics.length > other ? other : 0);
  const blank = { title: 'nothing', values: data.keys.map(() => null), told: () => '', interval: () => null };
  let coloured = axes.findIndex((one) => one.moves), matching = null;
  const state = { across: metrics[named(data.front_of[0], 0)] || blank, up: metrics[named(data.front_of[1], 1)] || blank, chosen: -1, faint: (row) => Boolean(matching) && !matching(row) };
  const programs = [...new Set(data.programs)];
  state.fronts = () => {
    if (programs.length < 2) return [{ name: 'no other is better', rows: frontOf(sweep.rows, state.across, state.up) }];
    return programs.map((program) => ({ name: `no other of ${program} is better`, rows: frontOf(sweep.rows.filter((row) => data.programs[row] === program), state.across, state.up) }));
  };
  let front = new Set();
  const panel = document.getElementById('detail'), legend = document.getElementById('scatter-legend');
  const boards = [];
  function redraw() {
    front = new Set(state.fronts().flatMap((one) => one.rows));
    Object.assign(state, colouring(axes[coloured]));
    boards.forEach((one) => one.redraw());
    legendOf(legend, state, axes[coloured]);
  }
  const pick = (row) => { state.chosen = row; detailOf(panel, sweep, row); redraw(); };
  const titles = metrics.map((one) => one.title);
  document.getElementById('scatter-tools').append(
    choice('across', titles, metrics.indexOf(state.across), (at) => { state.across = metrics[at]; redraw(); table.draw(); }),
    choice('up', titles, metrics.indexOf(state.up), (at) => { state.up = metrics[at]; redraw(); table.draw(); }),
    choice('colour by', [...axes.map((one) => one.short), 'nothing'], coloured < 0 ? axes.length : coloured, (at) => { coloured = at; redraw(); }),
  );
  front = new Set(state.fronts().flatMap((one) => one.rows));
  Object.assign(state, colouring(axes[coloured]));
  const table = pointsTable(document.getElementById('points-place'), sweep, (row) => front.has(row), pick, (found) => { matching = found; redraw(); });
  const scatter = makeScatter(document.getElementById('scatter-place'), sweep, state, (row) => { pick(row); if (row >= 0) table.show(row); });
  const said = make('p', { class: 'note', role: 'status' });
  boards.push(scatter, makeParallel(document.getElementById('parallel-place'), sweep, state, said));
  document.getElementById('parallel-place').append(said);
  detailOf(panel, sweep, -1);
  redraw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  matchMedia('print').addEventListener('change', redraw);
  addEventListener('beforeprint', () => { document.querySelectorAll('details').forEach((one) => { one.open = true; }); redraw(); });
  addEventListener('afterprint', redraw);
  window.acortex = { sweep, state, scatter, pick, front: () => [...front] }; // for tests, and for those who look
  document.documentElement.dataset.ready = Math.round(performance.now());
}

start().catch((error) => {
  document.querySelector('main').prepend(make('p', { class: 'part', role: 'alert' }, `The page's data cannot be shown: ${error.message}. A browser of 2023 or newer can.`));
  throw error;
});
