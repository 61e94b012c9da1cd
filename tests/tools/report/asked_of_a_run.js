// What the tests ask of the page of two runs: an object of what is found, by the name of the question.

({
  unpacked: columns(PACKED).then((all) => Object.fromEntries(Object.entries(all).map(([name, one]) => [name, [...one]]))),

  executions: inTable(({ shown, next, previous }) => {
    let found = shown();
    while (!next.disabled) { next.hear('click'); found = [...found, ...shown()]; }
    while (!previous.disabled) previous.hear('click');
    return found;
  }),

  energies: [...executions(acortex.lines[0].run).energy],

  pages: inTable(({ shown, said, next, previous }) => {
    const found = [[...said(), shown().length]];
    while (!next.disabled) { next.hear('click'); found.push([...said(), shown().length]); }
    while (!previous.disabled) previous.hear('click');
    return found;
  }),

  filtered: inTable(({ shown, said, type }) => ['1,4', '#14', '#1,4', 'MULTIPLY  g1', 'nothing like it', '99999'].map((words) => {
    type(words, 'Enter');
    const found = [said()[0], shown().map((row) => row[0])];
    type('', 'Escape');
    return found;
  })),

  sorted: inTable(({ shown, head }) => [9, 2].map((at) => [0, 1].map(() => {
    head(at).all('button')[0].hear('click');
    return [head(at).attributes['aria-sort'], ...shown().map((row) => row[at])];
  }))),

  listing: rowsOf('.listing[data-side="0"]'),
  heats: known('.listing[data-side="0"]').all('tbody')[0].children.map((row) => [3, 4, 5].map((at) => row.children[at].style['--heat'])),

  chain: (() => {
    chain(acortex.lines[0].run, known('chain'), () => {});
    const next = known('chain').all('button')[1];
    let found = rowsOf('chain');
    while (!next.disabled) { next.hear('click'); found = [...found, ...rowsOf('chain')]; }
    return found;
  })(),

  // Clicks in the middle of rows, and what is said of each then.
  details: [...CLICKED].map((row) => {
    const one = acortex.lines[0], { run, canvas } = one;
    acortex.view.set(run.start[row] - 20, run.end[row] + 20);
    const { x, y } = one.place(row), event = { pointerId: 1, offsetX: x, offsetY: y };
    canvas.hear('pointerdown', event);
    canvas.hear('pointerup', { ...event, type: 'pointerup' });
    return known('#detail').all('div').map((fact) => fact.children.map((child) => child.textContent));
  }),

  // How much of each unit a narrow picture of the whole run shows as busy and as waiting, in cycles.
  narrow: (() => {
    const one = acortex.lines[0], { canvas } = one, left = 92, lane = 26, axis = 26;
    known('.timeline[data-side="0"]').clientWidth = left + 40;
    acortex.view.reset();
    canvas.drawn.length = 0;
    one.resize();
    const cycles = acortex.view.all / 40, found = one.units.map(() => ({ fills: 0, busy: 0, waiting: 0 }));
    for (const { what, colour, boxes } of canvas.drawn.filter((fill) => fill.what === 'fill')) {
      for (const [, y, , tall] of boxes) {
        const unit = found[Math.floor((y - axis) / lane)];
        unit.fills += 1;
        unit[colour === 'hatch' ? 'waiting' : 'busy'] += (tall / (lane - 8)) * cycles;
      }
    }
    return found.map((unit, at) => ({ unit: one.run.plain.units[one.units[at]], ...unit }));
  })(),

  // Two waits of one length, and an event between two of another unit.
  alike: (() => {
    const rows = { execution: [0, 0, 0, 0, -1], duration: [2, 2, 1, 9, 3], code: [5, 5, 0, 0, 0] };
    const made = { issued: { pc: [0], unit: [1] }, rows, kinds: 3, unit: [1, 1, 1, 0, 1], energy: [0, 0, 4, 5, 6], start: [0, 2, 4, 5, 9], end: [2, 4, 5, 14, 12] };
    return Object.fromEntries(Object.entries(executions(made)).map(([name, one]) => [name, one[0]]));
  })(),

  // One instruction twice, for an inference and then for the next.
  turns: (() => {
    const path = { start: [0, 2, 5], duration: [2, 3, 4], pc: [7, 7, 7], inference: [0, 0, 1], unit: [0, 0, 0], what: [0, 0, 0], name: [-1, 0, -1] };
    chain({ path, names: ['some_thing'], plain: { units: ['mill'], whats: ['busy'], texts: [], lines: [] } }, known('turns'), () => {});
    return rowsOf('turns');
  })(),

  // A table whose last page is full, and where a row is shown that the filter hid.
  full: (() => {
    const place = known('full');
    const columns = [{ name: 'number', number: true, value: (row) => -row, show: (row) => digits(row) }];
    const table = makeTable({ place, label: 'full', count: 50, columns, words: (row) => `Row ${row}`, find: null });
    return inTable(({ shown, said, next, previous, type, head }) => {
      const note = () => [...said(), shown()[0][0], shown().length], found = [note()];
      next.hear('click'); found.push(note());
      previous.hear('click'); found.push(note());
      type('row 7', 'Enter'); found.push(note());
      table.show(30); found.push(note());
      head(0).all('button')[0].hear('click'); table.show(30); found.push(note());
      return found;
    }, 'full');
  })(),

  // What is seen after each of some moves.
  moved: (() => {
    const view = acortex.view, moves = [
      () => view.set(100, 300), () => view.zoom(0.5), () => view.zoom(2, 150), () => view.pan(0.5), () => view.pan(-0.25),
      () => view.set(10, 12), () => view.set(-1e6, 1e6), () => view.reset(),
    ];
    return moves.map((move) => { move(); return [view.from, view.to]; });
  })(),

  charts,
  scaled: [0, 1, 999, 1000, 0.0025, 1.5e-9, -2e-6, 3e15, 4e-20].map((value) => scaled(value, 'J')),
  bounds: [0, 1, 2, 3, 4, 8, 9, 10].map((one) => [[0, 6], [1, 4]].map(([low, high]) => lowerBound([1, 3, 3, 3, 8, 9], one, low, high))),
  windows: [windows([5, 6, 7], 25, 10), windows([], 25, 10)],
  hues: Array.from({ length: 16 }, (_, at) => hue(at)),
  parted: acortex.view.parted,
})
