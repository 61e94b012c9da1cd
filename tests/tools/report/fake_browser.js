// As much of a browser as the scripts of a page ask for: elements that keep what they are given, canvases that keep
// what is drawn. Reads {scripts, data, asked, ...} from its input, and writes what `asked` finds once the
// page is there, where it knows all else that was given by name.

class Node {}
const listeners = [];

class Element extends Node {
  constructor(name) {
    super();
    Object.assign(this, { name, attributes: {}, childNodes: [], heard: {}, dataset: {}, hidden: false, value: '', drawn: [] });
    this.style = { setProperty(key, value) { this[key] = value; } };
    this.classList = { add: (one) => { this.attributes.class = `${this.attributes.class || ''} ${one}`.trim(); } };
    this.clientWidth = 1000;
    this.offsetWidth = this.offsetHeight = 10;
  }

  get children() { return this.childNodes.filter((one) => one instanceof Node); }
  get textContent() { return this.childNodes.map((one) => (one instanceof Node ? one.textContent : one)).join(''); }
  set textContent(text) { this.childNodes = [text]; }
  append(...some) { this.childNodes.push(...some); }
  prepend(...some) { this.childNodes.unshift(...some); }
  after(...some) { this.behind = some; }
  replaceChildren(...some) { this.childNodes = some; }
  hasChildNodes() { return this.childNodes.length > 0; }
  setAttribute(key, value) { this.attributes[key] = String(value); if (key === 'value') this.value = String(value); }
  addEventListener(what, act) { (this.heard[what] ||= []).push(act); }
  // What a user does: a click, a key, words that are typed.
  hear(what, event = {}) { for (const act of this.heard[what] || []) act({ preventDefault() {}, ...event }); }
  all(name) { return this.children.flatMap((one) => [...(one.name === name ? [one] : []), ...one.all(name)]); }
  querySelector(wanted) {
    const own = (one) => one.children.flatMap((inner) => [inner, ...own(inner)]);
    return own(this).find((one) => (one.attributes.class || '').split(' ').includes(wanted.slice(1))) || null;
  }
  scrollIntoView() {}
  setPointerCapture() {}
  focus() {}
  getBoundingClientRect() { return { left: 30, top: 40 }; }
  getContext() { return this.pen ||= penOf(this.drawn); }
}

// A pen that keeps each fill and text with its colour.
function penOf(drawn) {
  const own = { measureText: (text) => ({ width: 6 * text.length }), createPattern: () => 'hatch' };
  own.fillRect = (...box) => drawn.push({ what: 'rect', colour: own.fillStyle, box });
  own.fill = (path) => drawn.push({ what: 'fill', colour: own.fillStyle, boxes: path ? path.boxes : [] });
  own.fillText = (text, x, y) => drawn.push({ what: 'text', text, x, y });
  return new Proxy(own, { get: (held, key) => (key in held ? held[key] : () => undefined) });
}

const found = new Map();
const known = (selector) => {
  if (!found.has(selector)) found.set(selector, new Element(selector));
  return found.get(selector);
};

const charts = [];
function uPlot(options, data, place) {
  charts.push({ place: place.name, title: options.series[1].label, data, told: data[1].map((value) => options.series[1].value(null, value)) });
  Object.assign(this, { setSize() {}, redraw() {} });
}
uPlot.paths = { stepped: () => null };

Object.assign(globalThis, {
  Node, uPlot, charts, known,
  window: globalThis,
  document: {
    documentElement: new Element('html'), activeElement: null,
    createElement: (name) => new Element(name), getElementById: (id) => known(`#${id}`),
    querySelector: known, querySelectorAll: () => [],
  },
  getComputedStyle: () => ({ getPropertyValue: (name) => name }),
  matchMedia: () => ({ addEventListener() {} }),
  addEventListener() {},
  requestAnimationFrame: (draw) => { draw(); return 0; },
  ResizeObserver: class { observe() {} },
  Path2D: class { constructor() { this.boxes = []; } rect(...box) { this.boxes.push(box); } },
  devicePixelRatio: 1,
  rowsOf: (selector) => known(selector).all('tbody')[0].children.map((row) => row.children.map((cell) => cell.textContent)),
});

// Asks something of the first table of executions, or of another one, and of what is around it.
globalThis.inTable = (ask, selector = '.executions[data-side="0"]') => {
  const place = known(selector), [previous, next] = place.all('button'), field = place.all('input')[0];
  return ask({
    previous, next, shown: () => rowsOf(selector), head: (at) => place.all('th')[at],
    said: () => [place.all('span')[1].textContent, previous.disabled, next.disabled],
    type: (words, key) => { field.value = words; field.hear('keydown', { key }); },
  });
};

async function main() {
  const { readFileSync } = require('node:fs'), { runInThisContext } = require('node:vm');
  const { scripts, data, asked, ...given } = JSON.parse(readFileSync(0, 'utf-8'));
  known('#data').textContent = data;
  Object.assign(globalThis, given);
  runInThisContext(scripts);
  while (!document.documentElement.dataset.ready) await new Promise((done) => setTimeout(done, 1));
  const told = runInThisContext(asked);
  for (const name of Object.keys(told)) told[name] = await told[name];
  process.stdout.write(JSON.stringify(told));
}

process.on('unhandledRejection', (error) => { throw error; });
main();
