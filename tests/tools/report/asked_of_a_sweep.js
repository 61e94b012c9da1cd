// What the tests ask of the page of a sweep: an object of what is found, by the name of the question.

({
  fronts: PAIRS.map(([across, up]) => {
    const metric = (name) => acortex.sweep.metrics.find((one) => one.name === name);
    return frontOf(acortex.sweep.rows, metric(across), metric(up));
  }),
  shown: acortex.front(),
  told: acortex.sweep.rows.map((row) => acortex.sweep.told(row)),
  points: rowsOf('#points-place'),

  filtered: inTable(({ shown, said, type }) => FILTERS.map((words) => {
    type(words, 'Enter');
    const found = [said()[0], shown().map((row) => row[0]), acortex.sweep.rows.filter((row) => acortex.state.faint(row)).length];
    type('', 'Escape');
    return found;
  }), '#points-place'),

  sorted: inTable(({ shown, head }) => [0, 1].map(() => {
    const at = known('#points-place').all('th').findIndex((one) => one.textContent === 'energy');
    head(at).all('button')[0].hear('click');
    return shown().map((row) => Number(row[0]));
  }), '#points-place'),

  picked: acortex.sweep.rows.map((row) => {
    const [x, y] = acortex.scatter.at(row);
    acortex.scatter.canvas.hear('click', { clientX: x + 30 + 1, clientY: y + 40 });
    return known('#detail').all('div').map((fact) => fact.children.map((child) => child.textContent));
  }),

  // Whether a click beside the leftmost point of the front chooses it.
  near: [[-20, 0], [-30, 0], [0, 25], [0, 27], [-19, 19]].map(([across, down]) => {
    const row = acortex.front()[0], [x, y] = acortex.scatter.at(row);
    acortex.scatter.canvas.hear('click', { clientX: x + 30 + across, clientY: y + 40 + down });
    return acortex.state.chosen === row;
  }),

  legend: known('#scatter-legend').children.map((one) => one.textContent),
  scales: [[[1, 10], 1], [[1, 10], 10], [[1, 5], 3], [[5, null, 5], 5], [[], 0.5], [[0, 10], 10], [[1, 8], 8], [[-4, 4], 0]].map(
    ([values, one]) => { const scale = makeScale(values, 0, 110); return [scale.place(one), scale.log]; }),
  marks: [[0, 10, false], [-1, 1, false], [0, 0.35, false], [0, 2, true], [0, 3, true], [-0.1, 0.5, true]].map((one) => marksOf(...one)),
  ramp: [-1, 0, 0.1, 0.5, 1, 2].map(rampColour),
  axes: [[10, 9, 100, 10], ['b', 'a', 'b'], [true, false], [3]].map((values) => {
    const one = axisOf('set.name', 'name', true, values, []);
    return [one.short, one.moves, one.ends, values.map((_, row) => one.place(row))];
  }),
  keys: [[1, 2, 3], Array.from({ length: 9 }, (_, at) => at), Array.from({ length: 9 }, (_, at) => 2 ** at), Array.from('abcdefghi')].map((values) => {
    const found = colouring(axisOf('a', 'a', false, values, []));
    return [values.map((_, row) => found.look(row)), found.key.map((one) => one[2]), new Set(values.map((_, row) => found.colour(row))).size];
  }),
  numbers: [['accuracy', '', 0.98765], ['cycles', 'cycles', 12345.6], ['cycles', 'cycles', 512], ['area_mm2', 'mm2', 1.23456], ['latency_s', 's', 2.5e-6], ['energy_j', 'J', null]].map(
    ([name, unit, value]) => [numberText({ name, unit }, value), numberText({ name, unit }, value, true)]),
})
