// Puts the page together once it is there.

const PALETTE = ['#8c8c8c', '#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#b8ab00'];

// The colour of a layer or of a kind of event. The first has the grey, which does not come again: it is what lies outside layers.
function hue(number) {
  return PALETTE[number && 1 + (number - 1) % (PALETTE.length - 1)];
}

// Executions of instructions: sums over their rows.
function executions(run) {
  const count = run.issued ? run.issued.pc.length : 0;
  const sums = { busy: new Float64Array(count), waited: new Float64Array(count), energy: new Float64Array(count), begin: new Float64Array(count).fill(-1), end: new Float64Array(count), longest: new Int32Array(count).fill(-1), rows: new Int32Array(count).fill(-1) };
  if (!count) return sums;
  const { execution, duration, code } = run.rows;
  for (let row = 0; row < execution.length; row++) {
    const at = execution[row];
    if (at < 0) continue;
    const own = run.unit[row] === run.issued.unit[at];
    sums.energy[at] += run.energy[row];
    if (code[row] < run.kinds) {
      if (own) {
        sums.busy[at] += duration[row];
        if (sums.begin[at] < 0) { sums.begin[at] = run.start[row]; sums.rows[at] = row; }
        sums.end[at] = Math.max(sums.end[at], run.end[row]);
      }
    } else {
      if (own) sums.waited[at] += duration[row];
      if (own && (sums.longest[at] < 0 || duration[row] > duration[sums.longest[at]])) sums.longest[at] = row;
    }
  }
  return sums;
}

const HOW = { ended: 'its event ended', taken: 'took its instruction', held: 'held it until then' };

// What ended a wait, in words.
function enderWords(run, row) {
  const [unit, pc, how] = run.plain.enders[run.rows.ended_by ? run.rows.ended_by[row] : 0];
  if (unit < 0) return '';
  return `${run.plain.units[unit]} (${HOW[how]})${pc >= 0 ? `: ${text(run, pc)}, ${line(run, pc)}` : ''}`;
}

function causeWords(run, row) {
  if (row < 0) return '';
  const by = enderWords(run, row);
  return `${run.names[run.rows.code[row]].replaceAll('_', ' ')} ${digits(run.rows.duration[row])}${by ? `, ended by ${by}` : ''}`;
}

function executionTable(run, sums, place, go) {
  if (!run.issued) {
    place.append(make('p', { class: 'empty' }, 'Not known: single executions need a trace with every event of a whole run.'));
    return null;
  }
  const { pc, unit, issued, inference } = run.issued;
  const columns = [
    { name: 'number', number: true, value: (i) => i, show: (i) => digits(i) },
    { name: 'issued', number: true, value: (i) => issued[i], show: (i) => digits(issued[i]) },
    { name: 'instruction', value: (i) => text(run, pc[i]), show: (i) => make('code', {}, text(run, pc[i]) || '-') },
    { name: 'line', value: (i) => pc[i], show: (i) => line(run, pc[i]) },
    { name: 'unit', value: (i) => run.plain.units[unit[i]], show: (i) => run.plain.units[unit[i]] },
    { name: 'inference', number: true, value: (i) => inference[i], show: (i) => (inference[i] < 0 ? '' : digits(inference[i])) },
    { name: 'began', number: true, value: (i) => sums.begin[i], show: (i) => (sums.begin[i] < 0 ? '' : digits(sums.begin[i])) },
    { name: 'ended', number: true, value: (i) => sums.end[i], show: (i) => (sums.begin[i] < 0 ? '' : digits(sums.end[i])) },
    { name: 'busy', number: true, value: (i) => sums.busy[i], show: (i) => digits(sums.busy[i]) },
    { name: 'waited', number: true, value: (i) => sums.waited[i], show: (i) => digits(sums.waited[i]) },
    { name: 'energy', number: true, value: (i) => sums.energy[i], show: (i) => (sums.energy[i] ? joules(sums.energy[i]) : '') },
    { name: 'longest wait', value: (i) => (sums.longest[i] < 0 ? '' : run.names[run.rows.code[sums.longest[i]]]), show: (i) => causeWords(run, sums.longest[i]) },
  ];
  const words = (i) => `${text(run, pc[i])} ${line(run, pc[i])} ${run.plain.units[unit[i]]} ${layer(run, run.issued.layer[i])} ${sums.longest[i] < 0 ? '' : run.names[run.rows.code[sums.longest[i]]]}`;
  return makeTable({ place, label: 'instructions as they ran', count: pc.length, columns, words, find: (number) => (number < pc.length ? number : -1), pick: (i) => go(sums.rows[i] >= 0 ? sums.rows[i] : sums.longest[i], i) });
}

function listing(run, place) {
  const rows = [...run.plain.stats.instructions].filter((row) => row.pc >= 0).sort((a, b) => a.pc - b.pc);
  const known = new Map(rows.map((row) => [row.pc, row]));
  const count = Math.max(run.plain.lines.length, run.plain.texts.length);
  if (!count) { place.append(make('p', { class: 'empty' }, 'The trace lists no instructions.')); return; }
  const most = { time: 0, energy: 0 };
  for (const row of rows) { most.time = Math.max(most.time, row.busy + row.waiting); most.energy = Math.max(most.energy, row.energy_aj); }
  const { covers } = run.plain.stats, unknown = Boolean(covers) && covers.level === 'layers'; // its rows name no instruction
  if (unknown) place.append(make('p', { class: 'empty' }, 'Cycles and energy of each instruction are not known: the rows of this trace are those of layers.'));
  const cycles = (pc, name) => (unknown ? '' : digits(of(pc, name)));
  const of = (pc, name) => (known.has(pc) ? known.get(pc)[name] : 0);
  const columns = [
    { name: 'number', number: true, value: (pc) => pc, show: (pc) => digits(pc) },
    { name: 'line', value: (pc) => pc, show: (pc) => line(run, pc) },
    { name: 'instruction', value: (pc) => text(run, pc), show: (pc) => make('code', {}, text(run, pc)) },
    { name: 'busy', number: true, value: (pc) => of(pc, 'busy'), show: (pc) => cycles(pc, 'busy') },
    { name: 'waited', number: true, value: (pc) => of(pc, 'waiting'), show: (pc) => cycles(pc, 'waiting') },
    { name: 'energy', number: true, value: (pc) => of(pc, 'energy_aj'), show: (pc) => (of(pc, 'energy_aj') ? joules(of(pc, 'energy_aj')) : '') },
  ];
  const heat = (pc, element) => {
    element.children[3].style.setProperty('--heat', most.time ? of(pc, 'busy') / most.time : 0);
    element.children[4].style.setProperty('--heat', most.time ? of(pc, 'waiting') / most.time : 0);
    element.children[5].style.setProperty('--heat', most.energy ? of(pc, 'energy_aj') / most.energy : 0);
    [3, 4, 5].forEach((at) => element.children[at].classList.add('heat'));
  };
  makeTable({ place, label: 'program', count, columns, words: (pc) => `${text(run, pc)} ${line(run, pc)}`, find: (number) => (number < count ? number : -1), page: 100, mark: heat });
}

// Segments of the critical path that belong to one instruction, one link after another.
function chain(run, place, show) {
  const path = run.path, links = [];
  for (let at = 0; at < path.duration.length; at++) {
    const last = links[links.length - 1];
    if (last && last.pc === path.pc[at] && last.inference === path.inference[at]) {
      last.to = path.start[at] + path.duration[at];
      last.segments++;
    } else links.push({ at, pc: path.pc[at], inference: path.inference[at], from: path.start[at], to: path.start[at] + path.duration[at], segments: 1 });
  }
  const why = (one) => {
    const cycles = new Map();
    for (let at = one.at; at < one.at + one.segments; at++) {
      const name = `${run.plain.units[path.unit[at]]} ${run.plain.whats[path.what[at]]}${path.name[at] >= 0 ? ` (${run.names[path.name[at]].replaceAll('_', ' ')})` : ''}`;
      cycles.set(name, (cycles.get(name) || 0) + path.duration[at]);
    }
    return [...cycles].sort((a, b) => b[1] - a[1]).map(([name, spent]) => `${name} ${digits(spent)}`).join(', ');
  };
  const columns = [
    { name: 'link', number: true, value: (i) => i, show: (i) => digits(i) },
    { name: 'from cycle', number: true, value: (i) => links[i].from, show: (i) => digits(links[i].from) },
    { name: 'cycles', number: true, value: (i) => links[i].to - links[i].from, show: (i) => digits(links[i].to - links[i].from) },
    { name: 'instruction', value: (i) => text(run, links[i].pc), show: (i) => make('code', {}, text(run, links[i].pc) || '(none)') },
    { name: 'line', value: (i) => links[i].pc, show: (i) => line(run, links[i].pc) },
    { name: 'inference', number: true, value: (i) => links[i].inference, show: (i) => (links[i].inference < 0 ? '' : digits(links[i].inference)) },
    { name: 'as', value: (i) => why(links[i]), show: (i) => why(links[i]) },
  ];
  makeTable({ place, label: 'critical path', count: links.length, columns, words: (i) => `${text(run, links[i].pc)} ${line(run, links[i].pc)} ${why(links[i])}`, find: (number) => (number < links.length ? number : -1), pick: (i) => show(links[i].from, links[i].to) });
}

// All of one row: what it is, when, what for, and what ended it.
function detail(place, run, row, sums, table, go) {
  if (row < 0) { place.replaceChildren(make('p', { class: 'note' }, 'Click an event of the timeline, or a row of a table, to see it here.')); return; }
  const { rows } = run, event = rows.code[row] < run.kinds, pc = rows.pc[row], at = rows.execution ? rows.execution[row] : -1;
  const facts = [
    ['what', told(run, row)],
    ['instruction', pc >= 0 ? make('code', {}, text(run, pc) || '-') : 'none'],
    ['source line', line(run, pc)],
    ['cycles', `${digits(run.start[row])} to ${digits(run.end[row] - 1)}: ${digits(rows.duration[row])} (${seconds(run, rows.duration[row])})`],
    ['layer', layer(run, rows.layer[row])],
    ['inference', rows.inference[row] < 0 ? 'none' : digits(rows.inference[row])],
  ];
  if (event) facts.push([run.plain.kinds[rows.code[row]].unit || 'count', digits(rows.count[row])], ['energy', run.energy[row] ? `${joules(run.energy[row])} without leakage` : 'none of its own']);
  else facts.push(['ended by', enderWords(run, row) || 'nothing of another unit']);
  if (at >= 0) {
    facts.push(['execution', table ? make('button', { type: 'button', class: 'link', click: () => { table.show(at); document.querySelector('#instructions').scrollIntoView(); } }, `number ${digits(at)}`) : digits(at)]);
    if (sums.longest[at] >= 0 && sums.longest[at] !== row) facts.push(['it waited longest for', make('button', { type: 'button', class: 'link', click: () => go(sums.longest[at]) }, causeWords(run, sums.longest[at]))]);
  }
  place.replaceChildren(make('dl', {}, ...facts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value)))));
}

function tools(place, view, runs) {
  const said = make('span', { class: 'said', role: 'status' });
  const button = (label, words, act) => make('button', { type: 'button', 'aria-label': words, title: words, click: act }, label);
  const select = make('select', { 'aria-label': 'What colours mean', change: () => { view.colour = select.value; legend(); view.draw(); } }, make('option', { value: 'layer' }, 'colour by layer'), make('option', { value: 'kind' }, 'colour by kind of event'));
  const key = make('ul', { class: 'legend' });
  place.append(button('+', 'Zoom in', () => view.zoom(0.5)), button('−', 'Zoom out', () => view.zoom(2)), button('←', 'Earlier', () => view.pan(-0.5)), button('→', 'Later', () => view.pan(0.5)), button('All', 'Show the whole run', () => view.reset()), select, said);
  place.after(key);
  function legend() {
    const names = view.colour === 'layer' ? runs[0].plain.layers.map((_, at) => layer(runs[0], at)) : runs[0].plain.kinds.map((kind) => kind.name);
    const used = new Set(), seen = view.colour === 'layer' ? runs[0].rows.layer : runs[0].rows.code;
    for (let row = 0; row < seen.length; row++) if (runs[0].rows.code[row] < runs[0].kinds) used.add(seen[row]);
    const some = [...used].sort((a, b) => a - b);
    const swatch = (colour, kind) => { const one = make('span', { class: `swatch ${kind}` }); if (colour) one.style.background = colour; return one; };
    key.replaceChildren(
      ...some.slice(0, 10).map((at) => make('li', {}, swatch(hue(at), ''), names[at])),
      ...(some.length > 10 ? [make('li', { class: 'dim' }, `and ${some.length - 10} more: colours come again, events have names when zoomed in`)] : []),
      make('li', {}, swatch('', 'waits'), 'waiting'), ...(runs[0].path ? [make('li', {}, swatch('', 'on-path'), 'on the critical path')] : []),
    );
  }
  legend();
  view.moved.push(() => { said.textContent = `cycles ${digits(Math.max(view.from, 0))} to ${digits(Math.min(view.to, view.all))}, ${seconds(runs[0], view.to - view.from)}`; });
}

async function start() {
  const data = JSON.parse(new TextDecoder().decode(await inflated(document.getElementById('data').textContent)));
  const runs = [];
  for (const plain of data.sides) runs.push(await side(plain));
  const view = makeView(Math.max(...runs.map((run) => run.plain.cycles)));
  view.from = Math.min(...runs.map((run) => run.plain.window[0]));  // a part of a run is what is seen first
  view.to = Math.max(...runs.map((run) => run.plain.window[1]), view.from + 8);
  view.parted = data.diff && data.diff.first_divergence ? data.diff.first_divergence.parted : -1;
  const panel = document.getElementById('detail');
  tools(document.getElementById('timeline-tools'), view, runs);
  const lines = runs.map((run, at) => {
    const sums = executions(run);
    let table = null;
    const go = (row) => { if (row >= 0) { timeline.choose(row, true); document.getElementById('timeline').scrollIntoView({ block: 'start' }); } };
    const place = document.querySelector(`.timeline[data-side="${at}"]`);
    if (runs.length > 1) place.append(make('h3', {}, make('span', { class: 'side' }, 'AB'[at]), ` ${run.plain.name}`));
    const timeline = makeTimeline(run, place, view, (row) => detail(panel, run, row, sums, table, go), 'AB'[at]);
    table = executionTable(run, sums, document.querySelector(`.executions[data-side="${at}"]`), go);
    listing(run, document.querySelector(`.listing[data-side="${at}"]`));
    const fold = document.querySelector(`.chain[data-side="${at}"]`);
    if (fold && run.path) fold.addEventListener('toggle', () => { const slot = fold.querySelector('.slot'); if (!slot.hasChildNodes()) chain(run, slot, (from, to) => { const wide = Math.max(4 * (to - from), 40); view.set((from + to - wide) / 2, (from + to + wide) / 2); document.getElementById('timeline').scrollIntoView(); }); });
    drawCharts(run, at);
    return timeline;
  });
  detail(panel, runs[0], -1);
  view.draw();
  const afresh = () => { lines.forEach((one) => one.resize()); plots.forEach(fit); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', afresh);
  matchMedia('print').addEventListener('change', afresh); // paper is narrower than the screen, and white
  addEventListener('beforeprint', () => document.querySelectorAll('details:not(.chain)').forEach((one) => { one.open = true; }));
  window.acortex = { view, lines }; // for tests, and for those who look
  document.documentElement.dataset.ready = Math.round(performance.now());
}

start().catch((error) => {
  document.querySelector('main').prepend(make('p', { class: 'part', role: 'alert' }, `The page's data cannot be shown: ${error.message}. A browser of 2023 or newer can.`));
  throw error;
});
