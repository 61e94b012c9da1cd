// The timeline of one run on a canvas: a lane for each unit; from all of a run down to single events.
// Where events are narrower than a pixel, each pixel shows how much of its cycles was busy or waiting, from sums.

const LANE = 26, AXIS = 26;

// What timelines share, so that those of two runs move together.
function makeView(cycles) {
  const view = {
    from: 0, to: Math.max(cycles, 1), all: Math.max(cycles, 1), colour: 'layer', lines: [], moved: [],
    set(from, to) {
      const length = Math.min(Math.max(to - from, 8), view.all * 1.02);
      const first = Math.min(Math.max(from, -0.01 * view.all), view.all * 1.01 - length);
      view.from = first;
      view.to = first + length;
      view.draw();
    },
    zoom(factor, at = (view.from + view.to) / 2) { view.set(at - (at - view.from) * factor, at + (view.to - at) * factor); },
    pan(share) { const by = share * (view.to - view.from); view.set(view.from + by, view.to + by); },
    reset() { view.set(0, view.all); },
    waiting: 0,
    draw() {
      if (view.waiting) return;
      view.waiting = requestAnimationFrame(() => { view.waiting = 0; view.lines.forEach((one) => one.draw()); view.moved.forEach((call) => call()); });
    },
  };
  return view;
}

function makeTimeline(run, place, view, chosen, name) {
  const units = run.plain.units.map((_, unit) => unit).filter((unit) => run.plain.first[unit] < run.plain.first[unit + 1]);
  const canvas = make('canvas', { tabindex: 0, role: 'application', 'aria-label': `Timeline ${name}: ${units.length} units over ${digits(run.plain.cycles)} cycles. Arrows move and choose a unit, plus and minus zoom, n and p step from event to event, Escape shows all.` });
  const tip = make('div', { class: 'tip', hidden: '' });
  place.append(make('div', { class: 'canvas' }, canvas, tip));
  const pen = canvas.getContext('2d');
  let width = 0, left = 0, unitAt = 0, active = -1, over = -1;
  const height = AXIS + units.length * LANE + 4;
  let style = {};

  function restyle() {
    style = { ink: css('--ink'), dim: css('--dim'), rule: css('--rule'), paper: css('--paper'), wait: css('--wait'), focus: css('--focus'), lane: css('--lane') };
    const tile = make('canvas', { width: 6, height: 6 });
    const ink = tile.getContext('2d');
    ink.strokeStyle = style.wait;
    ink.lineWidth = 1.4;
    ink.beginPath();
    ink.moveTo(-1, 7); ink.lineTo(7, -1); ink.moveTo(-1, 1); ink.lineTo(1, -1); ink.moveTo(5, 7); ink.lineTo(7, 5);
    ink.stroke();
    style.hatch = pen.createPattern(tile, 'repeat');
  }

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    width = place.clientWidth;
    left = width < 560 ? 92 : 150;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    restyle();
    draw();
  }

  const x = (cycle) => left + ((cycle - view.from) / (view.to - view.from)) * (width - left);
  const cycleAt = (pixel) => view.from + ((pixel - left) / (width - left)) * (view.to - view.from);
  const lane = (at) => AXIS + at * LANE;

  function colour(row) {
    const number = view.colour === 'layer' ? run.rows.layer[row] : run.rows.code[row];
    return hue(number);
  }

  // The first row of a unit that ends after a cycle: `top` never falls.
  function firstAfter(unit, cycle) {
    const low = run.plain.first[unit], high = run.plain.first[unit + 1];
    return lowerBound(run.top, cycle + 1e-9, low, high);
  }

  // Cycles of a running sum from the first row of a unit to a cycle, a row under way in part.
  function upTo(sums, unit, cycle, wantsEvent) {
    const low = run.plain.first[unit], at = lowerBound(run.start, cycle, low, run.plain.first[unit + 1]) - 1;
    if (at < low) return 0;
    const event = run.rows.code[at] < run.kinds;
    const last = event === wantsEvent && run.rows.span[at] ? run.rows.duration[at] * Math.min((cycle - run.start[at]) / run.rows.span[at], 1) : 0;
    return sums[at] - sums[low] + last;
  }

  function box(row, y, from, to) {
    const a = Math.max(x(from), left), b = Math.min(x(to), width);
    if (b <= a) return;
    const event = run.rows.code[row] < run.kinds;
    if (event) {
      pen.fillStyle = colour(row);
      pen.fillRect(a, y + 3, Math.max(b - a - (b - a > 3 ? 1 : 0), 0.6), LANE - 9);
    } else {
      pen.fillStyle = style.hatch;
      pen.fillRect(a, y + 8, Math.max(b - a - (b - a > 3 ? 1 : 0), 0.6), LANE - 19);
    }
    if (b - a > 56) label(row, a, b, y, event);
  }

  function label(row, a, b, y, event) {
    const words = event ? text(run, run.rows.pc[row]) || run.names[run.rows.code[row]] : `waits: ${run.names[run.rows.code[row]]}`;
    pen.save();
    pen.beginPath();
    pen.rect(a, y, b - a - 4, LANE);
    pen.clip();
    pen.font = '11px ui-monospace, monospace';
    if (event) {
      pen.fillStyle = 'rgba(0,0,0,.62)';
      pen.fillRect(a + 2, y + 5, Math.min(pen.measureText(words).width + 6, b - a - 6), LANE - 13);
      pen.fillStyle = '#fff';
    } else {
      pen.fillStyle = style.paper;
      pen.fillRect(a + 2, y + 5, Math.min(pen.measureText(words).width + 6, b - a - 6), LANE - 13);
      pen.fillStyle = style.ink;
    }
    pen.fillText(words, a + 5, y + 15);
    pen.restore();
  }

  function drawUnit(unit, y) {
    const perPixel = (view.to - view.from) / (width - left);
    const first = firstAfter(unit, view.from), last = lowerBound(run.start, view.to, run.plain.first[unit], run.plain.first[unit + 1]);
    if (last - first <= 1.5 * (width - left)) {
      for (let row = first; row < last; row++) box(row, y, run.start[row], run.end[row]);
      return;
    }
    const hatch = new Path2D(), solid = new Map(); // one fill for all of a colour: fills are what takes time
    let busyBefore = upTo(run.busy, unit, view.from, true), waitBefore = upTo(run.waiting, unit, view.from, false);
    for (let pixel = left; pixel < width; pixel++) {
      const cycle = cycleAt(pixel + 1);
      const busy = upTo(run.busy, unit, cycle, true), wait = upTo(run.waiting, unit, cycle, false);
      const share = Math.min((busy - busyBefore) / perPixel, 1), waited = Math.min((wait - waitBefore) / perPixel, 1);
      const tall = share > 0.004 ? Math.max(share * (LANE - 8), 1) : 0, above = waited * (LANE - 8);
      if (above > 0.5) hatch.rect(pixel, y + LANE - 5 - tall - above, 1, above);
      if (tall) {
        const shade = colour(busiest(unit, cycle - perPixel, cycle));
        if (!solid.has(shade)) solid.set(shade, new Path2D());
        solid.get(shade).rect(pixel, y + LANE - 5 - tall, 1, tall);
      }
      busyBefore = busy;
      waitBefore = wait;
    }
    pen.fillStyle = style.hatch;
    pen.fill(hatch);
    for (const [shade, path] of solid) {
      pen.fillStyle = shade;
      pen.fill(path);
    }
  }

  // Of the rows around the middle of a pixel the longest event, which gives the pixel its colour.
  function busiest(unit, from, to) {
    const middle = firstAfter(unit, (from + to) / 2), high = run.plain.first[unit + 1];
    let best = Math.min(middle, high - 1), most = -1;
    for (let row = middle; row < Math.min(middle + 6, high); row++) {
      if (run.rows.code[row] < run.kinds && run.rows.duration[row] > most) { best = row; most = run.rows.duration[row]; }
    }
    return best;
  }

  function drawPath(index) {
    const path = run.path;
    if (!path) return;
    const places = new Map(units.map((unit, at) => [unit, at]));
    pen.fillStyle = style.ink;
    const first = Math.max(lowerBound(path.start, view.from, 0, path.start.length) - 1, 0);
    const last = lowerBound(path.start, view.to, 0, path.start.length);
    if (last - first <= 2 * (width - left)) {
      for (let at = first; at < last; at++) {
        const a = Math.max(x(path.start[at]), left), b = Math.min(x(path.start[at] + path.duration[at]), width);
        if (b > a && places.has(path.unit[at])) pen.fillRect(a, lane(places.get(path.unit[at])) + LANE - 4, Math.max(b - a, 1), 2.5);
      }
      return;
    }
    for (let pixel = left; pixel < width; pixel++) {
      const at = Math.max(lowerBound(path.start, cycleAt(pixel + 0.5), 0, path.start.length) - 1, 0);
      if (places.has(path.unit[at])) pen.fillRect(pixel, lane(places.get(path.unit[at])) + LANE - 4, 1, 2.5);
    }
  }

  function drawAxis() {
    pen.fillStyle = style.dim;
    pen.strokeStyle = style.rule;
    pen.lineWidth = 1;
    pen.font = '11px system-ui, sans-serif';
    const room = Math.max((width - left) / 110, 1), raw = (view.to - view.from) / room;
    const power = 10 ** Math.floor(Math.log10(raw)), step = Math.max([1, 2, 5, 10].find((each) => each * power >= raw) * power, 1);
    for (let cycle = Math.ceil(Math.max(view.from, 0) / step) * step; cycle <= Math.min(view.to, view.all); cycle += step) {
      const at = Math.round(x(cycle)) + 0.5;
      pen.beginPath();
      pen.moveTo(at, AXIS - 6);
      pen.lineTo(at, height);
      pen.stroke();
      const words = digits(cycle);
      if (at + pen.measureText(words).width + 3 < width) pen.fillText(words, at + 3, 14);
    }
    pen.fillText('cycle', 2, 14);
  }

  function draw() {
    if (!width) return;
    pen.clearRect(0, 0, width, height);
    drawAxis();
    units.forEach((unit, at) => {
      const y = lane(at);
      if (at % 2 === 0) { pen.fillStyle = style.lane; pen.fillRect(left, y, width - left, LANE - 1); }
      drawUnit(unit, y);
      pen.fillStyle = style.paper;
      pen.fillRect(0, y, left - 4, LANE);
      pen.fillStyle = at === unitAt && document.activeElement === canvas ? style.focus : style.ink;
      pen.font = '12px system-ui, sans-serif';
      pen.fillText(fitted(run.plain.units[unit], left - 10), 2, y + 16);
    });
    drawPath();
    if (view.parted >= view.from && view.parted <= view.to) mark(view.parted);
    if (active >= 0) { outline(active, style.paper, 5); outline(active, style.ink, 2); } // an edge that shows on any colour
    if (over >= 0 && over !== active) outline(over, style.ink, 1);
  }

  // The name of a unit with as many letters as have room: what follows the last slash tells units of one agent apart.
  function fitted(name, room) {
    const wide = (words) => pen.measureText(words).width > room;
    if (!wide(name)) return name;
    const slash = name.lastIndexOf('/'), end = slash < 0 ? '' : name.slice(slash);
    let begin = slash < 0 ? name : name.slice(0, slash);
    while (begin.length > 1 && wide(`${begin}…${end}`)) begin = begin.slice(0, -1);
    return `${begin}…${end}`;
  }

  function mark(cycle) {
    pen.strokeStyle = style.focus;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(x(cycle), AXIS - 6);
    pen.lineTo(x(cycle), height);
    pen.stroke();
    pen.setLineDash([]);
  }

  function outline(row, stroke, thick) {
    const at = units.indexOf(run.unit[row]), a = Math.max(x(run.start[row]), left), b = Math.min(x(run.end[row]), width);
    if (b < left || a > width) return;
    pen.strokeStyle = stroke;
    pen.lineWidth = thick;
    pen.strokeRect(a - 1, lane(at) + 1.5, Math.max(b - a + 1, 3), LANE - 6);
  }

  // The row under a place of the picture; of several that overlap the one that began last; -1 for none.
  function rowAt(px, py) {
    const at = Math.floor((py - AXIS) / LANE);
    if (at < 0 || at >= units.length || px < left) return -1;
    const unit = units[at], cycle = cycleAt(px), near = (3 * (view.to - view.from)) / (width - left);
    const low = run.plain.first[unit];
    let row = lowerBound(run.start, cycle + 1e-9, low, run.plain.first[unit + 1]) - 1;
    for (let back = 0; row - back >= low && back < 16; back++) if (run.end[row - back] > cycle - near) return row - back;
    return row + 1 < run.plain.first[unit + 1] && run.start[row + 1] < cycle + near ? row + 1 : -1;
  }

  function choose(row, bring = false) {
    active = row;
    if (row >= 0) {
      unitAt = units.indexOf(run.unit[row]);
      const length = Math.max(run.end[row] - run.start[row], 1);
      if (bring || run.start[row] < view.from || run.end[row] > view.to) {
        const wide = bring ? Math.max(20 * length, 60) : view.to - view.from;
        const middle = (run.start[row] + run.end[row]) / 2;
        view.set(middle - wide / 2, middle + wide / 2);
      }
      chosen(row);
    }
    view.draw();
  }

  function step(by) {
    const unit = units[unitAt], low = run.plain.first[unit], high = run.plain.first[unit + 1];
    const from = active >= 0 && run.unit[active] === unit ? active + by : firstAfter(unit, (view.from + view.to) / 2);
    choose(Math.min(Math.max(from, low), high - 1));
  }

  const keys = {
    ArrowLeft: () => view.pan(-0.2), ArrowRight: () => view.pan(0.2), '+': () => view.zoom(0.5), '=': () => view.zoom(0.5), '-': () => view.zoom(2),
    ArrowUp: () => { unitAt = Math.max(unitAt - 1, 0); view.draw(); }, ArrowDown: () => { unitAt = Math.min(unitAt + 1, units.length - 1); view.draw(); },
    n: () => step(1), p: () => step(-1), Home: () => view.set(0, view.to - view.from), End: () => view.set(view.all - (view.to - view.from), view.all),
    Enter: () => step(0), 0: () => view.reset(), Escape: () => { if (active >= 0) { active = -1; chosen(-1); view.draw(); } else view.reset(); },
  };
  canvas.addEventListener('keydown', (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  canvas.addEventListener('focus', () => view.draw());
  canvas.addEventListener('blur', () => view.draw());
  canvas.addEventListener('wheel', (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return; // the page scrolls until the timeline is clicked
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(event.deltaX / 600);
    else view.zoom(Math.exp(Math.max(Math.min(event.deltaY, 240), -240) / 240), cycleAt(event.offsetX));
  }, { passive: false });
  canvas.addEventListener('dblclick', (event) => view.zoom(0.25, cycleAt(event.offsetX)));

  const held = new Map();
  let travelled = 0;
  canvas.addEventListener('pointerdown', (event) => { held.set(event.pointerId, event.offsetX); travelled = 0; canvas.setPointerCapture(event.pointerId); canvas.focus({ preventScroll: true }); });
  canvas.addEventListener('pointermove', (event) => {
    const before = held.get(event.pointerId);
    if (before === undefined) { hover(event); return; }
    const others = [...held].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length) {
      const apart = Math.max(Math.abs(before - others[0]), 8), now = Math.max(Math.abs(event.offsetX - others[0]), 8);
      view.zoom(apart / now, cycleAt((event.offsetX + others[0]) / 2));
    } else {
      view.pan((before - event.offsetX) / (width - left));
    }
    travelled += Math.abs(event.offsetX - before);
    held.set(event.pointerId, event.offsetX);
  });
  const drop = (event) => {
    if (held.delete(event.pointerId) && event.type === 'pointerup' && travelled < 5) choose(rowAt(event.offsetX, event.offsetY));
  };
  canvas.addEventListener('pointerup', drop);
  canvas.addEventListener('pointercancel', drop);
  canvas.addEventListener('pointerleave', () => { over = -1; tip.hidden = true; view.draw(); });

  function hover(event) {
    const row = rowAt(event.offsetX, event.offsetY);
    if (row !== over) { over = row; view.draw(); }
    tip.hidden = row < 0;
    if (row < 0) return;
    tip.textContent = `${told(run, row)}\n${text(run, run.rows.pc[row]) || 'no instruction'}\ncycles ${digits(run.start[row])} to ${digits(run.end[row] - 1)}`;
    const beside = Math.min(event.offsetX + 14, width - tip.offsetWidth - 4);
    tip.style.left = `${Math.max(beside, 0)}px`;
    tip.style.top = `${event.offsetY + 16}px`;
  }

  const line = { draw, choose, resize, rowAt, x, lane, units, run, canvas, place: (row) => ({ x: (x(run.start[row]) + x(run.end[row])) / 2, y: lane(units.indexOf(run.unit[row])) + LANE / 2 }) };
  view.lines.push(line);
  new ResizeObserver(resize).observe(place);
  resize();
  return line;
}

// What a row is, in words.
function told(run, row) {
  const name = run.names[run.rows.code[row]].replaceAll('_', ' ');
  return `${run.plain.units[run.unit[row]]}: ${run.rows.code[row] < run.kinds ? name : `waits for ${name}`}`;
}
