// Pictures of the points of a sweep on canvases: two numbers with the front, and all axes side by side.

// Colours that those who see few colours tell apart; each has a shape of its own, too.
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#b8ab00', '#8c8c8c'];
// From dark blue to yellow (cividis), for axes of many numbers: lightness tells as much as the colour.
const RAMP = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 183, 108], [254, 232, 56]];
const MOST_LINES = 3000, MOST_WHISKERS = 60;

function rampColour(share) {
  const at = Math.max(0, Math.min(share, 1)) * (RAMP.length - 1), low = Math.min(Math.floor(at), RAMP.length - 2);
  return `rgb(${RAMP[low].map((one, i) => Math.round(one + (RAMP[low + 1][i] - one) * (at - low))).join(',')})`;
}

// The outline of a shape around a place, for one of COLOURS.
function shape(pen, number, x, y, r) {
  pen.beginPath();
  const corners = (n, turn) => { for (let i = 0; i < n; i++) pen.lineTo(x + 1.25 * r * Math.sin(turn + (2 * Math.PI * i) / n), y - 1.25 * r * Math.cos(turn + (2 * Math.PI * i) / n)); pen.closePath(); };
  if (number === 1) corners(4, Math.PI / 4);
  else if (number === 2) corners(3, 0);
  else if (number === 3) corners(4, 0);
  else if (number === 4) corners(3, Math.PI);
  else if (number === 5) corners(5, 0);
  else if (number === 6) corners(6, 0);
  else if (number === 7) { pen.rect(x - 1.3 * r, y - r / 2, 2.6 * r, r); } else pen.arc(x, y, r, 0, 2 * Math.PI);
}

// A scale from numbers to pixels: logarithmic where the numbers span much; marks are round numbers of it.
function makeScale(values, low, high) {
  let least = Infinity, most = -Infinity;
  for (const one of values) if (one !== null) { least = Math.min(least, one); most = Math.max(most, one); }
  if (!(least <= most)) { least = 0; most = 1; }
  const log = least > 0 && most > 8 * least;
  const from = log ? Math.log10(least) : least, span = (log ? Math.log10(most) : most) - from;
  const pad = span > 0 ? 0.05 * span : Math.abs(from) * 0.1 || 1, begin = from - pad, length = span + 2 * pad;
  const place = (value) => low + ((high - low) * ((log ? Math.log10(value) : value) - begin)) / length;
  return { place, log, marks: marksOf(begin, begin + length, log) };
}

function marksOf(from, to, log) {
  const found = [];
  if (log) {
    for (let power = Math.floor(from); power <= Math.ceil(to); power++) for (const one of [1, 2, 5]) found.push(one * 10 ** power);
    const inside = found.filter((one) => Math.log10(one) >= from && Math.log10(one) <= to);
    return inside.length > 7 ? inside.filter((one) => Math.abs(Math.log10(one) - Math.round(Math.log10(one))) < 1e-9) : inside;
  }
  const rough = (to - from) / 5, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  for (let mark = Math.ceil(from / step) * step; mark <= to; mark += step) found.push(Math.abs(mark) < step / 1e6 ? 0 : Number(mark.toPrecision(12)));
  return found;
}

// A canvas as wide as its place, sharp on any screen, that is drawn anew where its size or the colours change.
function makeCanvas(place, height, attributes, draw, least = 0) {
  const canvas = make('canvas', attributes), tip = make('div', { class: 'tip', hidden: '' });
  const box = make('div', { class: 'canvas' }, canvas, tip);
  if (least) box.style.minWidth = `${least}px`;
  place.append(box);
  const pen = canvas.getContext('2d'), one = { canvas, tip, pen, width: 0, height, redraw };
  function redraw() {
    const ratio = window.devicePixelRatio || 1;
    one.width = box.clientWidth;
    canvas.width = Math.round(one.width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, one.width, height);
    pen.font = '12px system-ui, sans-serif';
    draw(one);
  }
  new ResizeObserver(() => { if (box.clientWidth !== one.width) redraw(); }).observe(box);
  return one;
}

// The rows that no other beats in two numbers, from the best of the first on; of equal ones the first.
function frontOf(rows, across, up) {
  const cost = (metric, row) => (metric.more ? -metric.values[row] : metric.values[row]);
  const order = rows.filter((row) => across.values[row] !== null && up.values[row] !== null);
  order.sort((a, b) => cost(across, a) - cost(across, b) || cost(up, a) - cost(up, b) || a - b);
  let best = Infinity;
  return order.filter((row) => { const is = cost(up, row) < best; if (is) best = cost(up, row); return is; });
}

// Points in two numbers. `state`: across, up (metrics), colour(row), look(row), faint(row), chosen; `pick(row)`.
function makeScatter(place, sweep, state, pick) {
  let drawn = [], over = -1;
  const LEFT = 74, RIGHT = 14, TOP = 14, BOTTOM = 46;
  const board = makeCanvas(place, 430, { tabindex: 0, role: 'application', 'aria-label': 'Points in two numbers. Left and right step from point to point, Home and End go to the ends, Enter chooses, Escape lets go.' }, draw);
  const { canvas, tip } = board;

  function draw({ pen, width, height }) {
    const { across, up } = state;
    drawn = sweep.rows.filter((row) => across.values[row] !== null && up.values[row] !== null);
    const few = drawn.length <= MOST_WHISKERS, ends = (metric) => drawn.flatMap((row) => [metric.values[row], ...((few && metric.interval(row)) || [])]);
    const x = makeScale(ends(across), LEFT, width - RIGHT), y = makeScale(ends(up), height - BOTTOM, TOP);
    grid(pen, x, y, width, height);
    if (!drawn.length) { pen.fillStyle = css('--dim'); pen.textAlign = 'left'; pen.fillText('No point has both numbers.', LEFT + 10, TOP + 20); return; }
    board.at = (row) => [x.place(across.values[row]), y.place(up.values[row])];
    drawn.sort((a, b) => across.values[a] - across.values[b] || up.values[a] - up.values[b] || a - b);
    const size = drawn.length > 2000 ? 2 : drawn.length > 300 ? 3 : 4.5;
    for (const row of drawn) if (state.faint(row)) dot(pen, row, size, 0.15);
    if (few) drawn.forEach((row) => whiskers(pen, row, x, y, 0.35));
    for (const row of drawn) if (!state.faint(row)) dot(pen, row, size, 0.9);
    board.fronts = state.fronts();
    board.fronts.forEach((front, number) => steps(pen, front, number));
    for (const row of [over, state.chosen]) if (row >= 0 && drawn.includes(row)) ring(pen, row, x, y, row === state.chosen);
  }

  function grid(pen, x, y, width, height) {
    pen.strokeStyle = css('--rule'); pen.fillStyle = css('--dim'); pen.lineWidth = 1;
    pen.textAlign = 'center';
    for (const mark of spaced(x.marks, x.place, 66)) { line(pen, x.place(mark), TOP, x.place(mark), height - BOTTOM); pen.fillText(state.across.told(mark, true), x.place(mark), height - BOTTOM + 17); }
    pen.textAlign = 'right';
    for (const mark of spaced(y.marks, y.place, 20)) { line(pen, LEFT, y.place(mark), width - RIGHT, y.place(mark)); pen.fillText(state.up.told(mark, true), LEFT - 7, y.place(mark) + 4); }
    pen.textAlign = 'center';
    pen.fillText(title(state.across, x), (LEFT + width - RIGHT) / 2, height - 8);
    pen.save(); pen.translate(12, (TOP + height - BOTTOM) / 2); pen.rotate(-Math.PI / 2); pen.fillText(title(state.up, y), 0, 0); pen.restore();
  }

  const title = (metric, scale) => `${metric.title}, ${metric.more ? 'more' : 'less'} is better${scale.log ? ' (logarithmic)' : ''}`;
  const line = (pen, a, b, c, d) => { pen.beginPath(); pen.moveTo(a, b); pen.lineTo(c, d); pen.stroke(); };

  function spaced(marks, at, least) {
    let last = NaN;
    return marks.filter((mark) => { const is = !(Math.abs(at(mark) - last) < least); if (is) last = at(mark); return is; });
  }

  function dot(pen, row, size, alpha) {
    const [x, y] = board.at(row);
    pen.globalAlpha = alpha;
    pen.fillStyle = state.colour(row);
    shape(pen, state.look(row), x, y, size);
    pen.fill();
    pen.globalAlpha = 1;
  }

  function whiskers(pen, row, x, y, alpha) {
    const [a, b] = board.at(row), wide = state.across.interval(row), tall = state.up.interval(row);
    pen.globalAlpha = alpha; pen.strokeStyle = css('--ink'); pen.lineWidth = 1.2;
    if (wide) line(pen, x.place(wide[0]), b, x.place(wide[1]), b);
    if (tall) line(pen, a, y.place(tall[0]), a, y.place(tall[1]));
    pen.globalAlpha = 1;
  }

  // A front as steps: beyond them lies what no point reaches. Of several, each has dashes of its own.
  function steps(pen, front, number) {
    pen.strokeStyle = front.colour || css('--ink');
    pen.lineWidth = 1.6;
    pen.setLineDash([[], [7, 4], [2, 3], [9, 3, 2, 3]][number % 4]);
    pen.beginPath();
    front.rows.forEach((row, at) => {
      const [x, y] = board.at(row);
      if (at) pen.lineTo(x, board.at(front.rows[at - 1])[1]);
      pen.lineTo(x, y);
    });
    pen.stroke();
    pen.setLineDash([]);
    for (const row of front.rows) { const [x, y] = board.at(row); pen.beginPath(); pen.arc(x, y, 7, 0, 2 * Math.PI); pen.lineWidth = 1.2; pen.stroke(); }
  }

  function ring(pen, row, x, y, chosen) {
    whiskers(pen, row, x, y, 1);
    const [a, b] = board.at(row);
    pen.strokeStyle = css('--focus'); pen.lineWidth = chosen ? 3 : 2;
    pen.beginPath(); pen.arc(a, b, 9, 0, 2 * Math.PI); pen.stroke();
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    let found = -1, least = 26 ** 2;
    for (const row of drawn) {
      const [x, y] = board.at(row), far = (x - event.clientX + box.left) ** 2 + (y - event.clientY + box.top) ** 2 + (state.faint(row) ? 200 : 0);
      if (far < least) { least = far; found = row; }
    }
    return found;
  }

  function hover(row) {
    if (row !== over) { over = row; board.redraw(); }
    tip.hidden = row < 0;
    if (row < 0) return;
    tip.textContent = sweep.told(row);
    const [x, y] = board.at(row);
    tip.style.left = `${Math.max(0, Math.min(x + 14, board.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 14 + tip.offsetHeight > board.height ? Math.max(0, y - 14 - tip.offsetHeight) : y + 14}px`;
  }

  canvas.addEventListener('pointermove', (event) => hover(nearest(event)));
  canvas.addEventListener('pointerleave', () => hover(-1));
  canvas.addEventListener('click', (event) => pick(nearest(event)));
  canvas.addEventListener('blur', () => hover(-1));
  canvas.addEventListener('keydown', (event) => {
    const some = drawn.filter((row) => !state.faint(row)), at = some.indexOf(over >= 0 ? over : state.chosen);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at < 0 ? some.length - 1 : at - 1, ArrowUp: at < 0 ? some.length - 1 : at - 1, Home: 0, End: some.length - 1 }[event.key];
    if (to !== undefined && some.length) { event.preventDefault(); hover(some[Math.max(0, Math.min(to, some.length - 1))]); }
    if (event.key === 'Enter' && over >= 0) pick(over);
    if (event.key === 'Escape') { hover(-1); pick(-1); }
  });
  return board;
}

// All axes and numbers side by side, a line for each point; what many lines would hide is left out, and said.
function makeParallel(place, sweep, state, said) {
  const TOP = 44, BOTTOM = 24, SIDE = 46;
  const shown = [...sweep.axes, ...sweep.metrics].filter((one) => one.moves);
  return makeCanvas(place, 330, { role: 'img', 'aria-label': 'A line for each point over all axes and numbers; the table below has the same' }, ({ pen, width, height }) => {
    const some = sweep.rows.filter((row) => !state.faint(row));
    const kept = some.length > MOST_LINES ? some.filter((_, at) => at % Math.ceil(some.length / MOST_LINES) === 0) : some;
    said.textContent = kept.length < some.length ? `Lines of ${digits(kept.length)} of ${digits(some.length)} points are drawn: each of them further on hides others.` : '';
    const columns = shown;
    const x = (at) => (columns.length < 2 ? width / 2 : SIDE + ((width - 2 * SIDE) * at) / (columns.length - 1));
    const scales = columns.map((one) => makeScale(sweep.rows.map(one.place), height - BOTTOM, TOP));
    const draw = (row, alpha, thick) => {
      pen.globalAlpha = alpha; pen.strokeStyle = state.colour(row); pen.lineWidth = thick;
      pen.beginPath();
      columns.forEach((one, at) => { const value = one.place(row); if (value !== null) pen.lineTo(x(at), scales[at].place(value)); });
      pen.stroke();
      pen.globalAlpha = 1;
    };
    for (const row of kept) draw(row, Math.max(0.08, Math.min(0.7, 60 / kept.length)), 1.2);
    if (state.chosen >= 0) draw(state.chosen, 1, 4);
    columns.forEach((one, at) => {
      pen.strokeStyle = css('--dim'); pen.fillStyle = css('--ink'); pen.lineWidth = 1; pen.textAlign = 'center';
      pen.beginPath(); pen.moveTo(x(at), TOP); pen.lineTo(x(at), height - BOTTOM); pen.stroke();
      const room = (width - 2 * SIDE) / Math.max(1, columns.length - 1) - 6, short = (words) => { let kept = words; while (kept.length > 3 && pen.measureText(kept).width > room) kept = `${kept.slice(0, -2)}…`; return kept; };
      pen.fillText(short(one.short), x(at), 14);
      pen.fillStyle = css('--dim');
      pen.fillText(short(one.ends[1]), x(at), 32);
      pen.fillText(short(one.ends[0]), x(at), height - 7);
    });
  }, 72 * shown.length);
}
