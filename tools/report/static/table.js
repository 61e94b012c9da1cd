// A table of many rows: a page of them at a time, sorted by any column, filtered by words or by the number of a row.

const PAGE = 25;

// `columns`: name, number (sorts and aligns as one), value(row), show(row) as text or an element; `words(row)` is what
// the filter looks into; `pick(row)` is called for the row that the reader chooses, `seen(is)` with what the filter
// lets through, null for all.
function makeTable({ place, label, count, columns, words, pick, find, page = PAGE, mark, seen }) {
  let order = null, matching = null, at = 0, sorted = -1, down = false, wanted = '', chosen = -1;
  const filter = make('input', { type: 'search', placeholder: find ? 'Filter, or the number of a row' : 'Filter', 'aria-label': `Filter ${label}` });
  const said = make('span', { class: 'said', role: 'status' });
  const previous = make('button', { type: 'button', click: () => turn(-1), 'aria-label': 'Previous page' }, '‹');
  const next = make('button', { type: 'button', click: () => turn(1), 'aria-label': 'Next page' }, '›');
  const head = make('tr');
  columns.forEach((column, number) => {
    const button = make('button', { type: 'button', click: () => sort(number) }, column.name);
    head.append(make('th', { scope: 'col', class: column.number ? 'number' : null }, button));
  });
  const body = make('tbody');
  const table = make('table', { class: 'rows' }, make('caption', { class: 'hidden' }, label), make('thead', {}, head), body);
  place.append(
    make('div', { class: 'tools' }, filter, make('span', { class: 'pages' }, previous, said, next)),
    make('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': label }, table),
  );

  const rows = () => order || (order = sortedRows());

  function sortedRows() {
    const found = [];
    for (let row = 0; row < count; row++) if (!matching || matching(row)) found.push(row);
    if (sorted >= 0) {
      const { value, number } = columns[sorted];
      const keys = new Map(found.map((row) => [row, value(row)]));
      const way = down ? -1 : 1;
      const compare = number ? (a, b) => a - b : (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      found.sort((a, b) => way * compare(keys.get(a), keys.get(b)) || a - b);
    }
    return found;
  }

  function draw() {
    const all = rows();
    at = Math.max(0, Math.min(at, Math.floor((all.length - 1) / page) * page));
    const some = all.slice(at, at + page);
    body.replaceChildren(...some.map(rowOf));
    said.textContent = all.length ? `${digits(at + 1)} to ${digits(at + some.length)} of ${digits(all.length)}` : 'no row';
    previous.disabled = at === 0;
    next.disabled = at + page >= all.length;
    head.childNodes.forEach((cell, number) =>
      cell.setAttribute('aria-sort', number === sorted ? (down ? 'descending' : 'ascending') : 'none'));
  }

  function rowOf(row) {
    const choose = pick && (() => { chosen = row; draw(); pick(row); });
    const key = pick && ((event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(); body.querySelector('.chosen')?.focus(); } });
    const element = make('tr', { click: choose, keydown: key, tabindex: pick ? 0 : null, 'data-row': row, class: row === chosen ? 'chosen' : null },
      ...columns.map((column) => make('td', { class: column.number ? 'number' : null }, column.show(row))));
    if (mark) mark(row, element);
    return element;
  }

  function turn(pages) { at += pages * page; draw(); }

  function sort(number) {
    down = sorted === number ? !down : columns[number].number;
    sorted = number;
    order = null;
    at = 0;
    draw();
  }

  function look() {
    wanted = filter.value.trim().toLowerCase();
    const number = /^#?[\d,]+$/.test(wanted) ? Number(wanted.replace(/[#,]/g, '')) : NaN;
    if (find && Number.isInteger(number)) {
      const row = find(number);
      matching = row >= 0 ? (one) => one === row : () => false;
    } else {
      const some = wanted.split(/\s+/).filter(Boolean);
      matching = some.length ? (row) => { const told = words(row).toLowerCase(); return some.every((word) => told.includes(word)); } : null;
    }
    order = null;
    at = 0;
    draw();
    if (seen) seen(matching);
  }

  let waiting = 0;
  filter.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(look, 120); });
  filter.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { filter.value = ''; look(); }
    if (event.key === 'Enter') { clearTimeout(waiting); look(); if (pick && rows().length) { chosen = rows()[at]; draw(); pick(chosen); } }
  });
  draw();
  return {
    show(row) { // puts a row in sight, whatever the filter was
      if (matching && seen) seen(null);
      filter.value = '';
      matching = null;
      order = null;
      chosen = row;
      at = Math.floor(rows().indexOf(row) / page) * page;
      draw();
    },
    draw,
  };
}
