// Unpacks what the page carries: base64 of deflate, of JSON or of columns. tools/report/packing.py is the writer.

async function inflated(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}

const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

function column(one, buffer) {
  const values = new (one.small ? Int32Array : Float64Array)(one.rows);
  if (one.width === 8) {
    const view = new DataView(buffer, one.offset);
    for (let i = 0; i < one.rows; i++) values[i] = Number(view.getBigUint64(8 * i, true)) + one.base;
  } else if (one.width) {
    const size = one.width * one.rows; // a copy: offsets need not be multiples of the width
    const read = new ARRAYS[one.width](buffer.slice(one.offset, one.offset + size));
    for (let i = 0; i < one.rows; i++) values[i] = read[i] + one.base;
  } else {
    values.fill(one.base);
  }
  if (one.delta) for (let i = 1; i < one.rows; i++) values[i] += values[i - 1];
  return values;
}

async function columns(packed) {
  if (!packed) return null;
  const buffer = await inflated(packed.text);
  const found = {};
  for (const one of packed.columns) found[one.name] = column(one, buffer);
  return found;
}

// Everything of one run that timeline and tables need; `start` and `end` are made of gaps, unit by unit.
async function side(plain) {
  const rows = await columns(plain.rows);
  const count = rows.gap.length;
  const small = plain.cycles < 2 ** 31 && rows.gap instanceof Int32Array && rows.span instanceof Int32Array;
  const Cycles = small ? Int32Array : Float64Array;
  const start = new Cycles(count), end = new Cycles(count), top = new Cycles(count);
  const busy = new Float64Array(count + 1), waiting = new Float64Array(count + 1);
  const kinds = plain.kinds.length;
  const unit = new Uint16Array(count);
  for (let u = 0; u < plain.units.length; u++) {
    let last = 0, latest = 0;
    for (let i = plain.first[u]; i < plain.first[u + 1]; i++) {
      start[i] = last + rows.gap[i];
      last = end[i] = start[i] + rows.span[i];
      top[i] = latest = Math.max(latest, last); // of this and all rows before: rows of a unit may overlap
      unit[i] = u;
    }
  }
  for (let i = 0; i < count; i++) {
    const event = rows.code[i] < kinds;
    busy[i + 1] = busy[i] + (event ? rows.duration[i] : 0);
    waiting[i + 1] = waiting[i] + (event ? 0 : rows.duration[i]);
  }
  const energy = Float64Array.from(rows.energy);
  for (let i = 0; i < count; i++) if (rows.code[i] < kinds) energy[i] += rows.count[i] * plain.prices[rows.code[i]];
  const path = await columns(plain.segments);
  if (path) {
    path.start = new Float64Array(path.duration.length);
    for (let i = 1; i < path.start.length; i++) path.start[i] = path.start[i - 1] + path.duration[i - 1];
  }
  const names = [...plain.kinds.map((kind) => kind.name), ...plain.causes];
  return { plain, rows, start, end, top, busy, waiting, unit, energy, kinds, path, names, issued: await columns(plain.issued) };
}

// The first place from low to high - 1 whose value is not below `wanted`; `high` where there is none.
function lowerBound(values, wanted, low, high) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

const text = (run, pc) => run.plain.texts[pc] || '';
const line = (run, pc) => run.plain.lines[pc] || '-';
const layer = (run, at) => (run.plain.layers[at] === '-' ? '(outside layers)' : run.plain.layers[at]);
const digits = (value) => Math.round(value).toLocaleString('en-US');

function scaled(value, unit) {
  if (!value) return `0 ${unit}`;
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.abs(value)) / 3), -6), 4);
  return `${(value / 10 ** (3 * power)).toPrecision(3)} ${['a', 'f', 'p', 'n', 'u', 'm', '', 'k', 'M', 'G', 'T'][power + 6]}${unit}`;
}

const joules = (attojoules) => scaled(attojoules * 1e-18, 'J');
const seconds = (run, cycles) => scaled(cycles * run.plain.clock_ns * 1e-9, 's');

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// An element with attributes and children; texts become text and never markup.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}
