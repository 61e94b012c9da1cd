// What the tests ask of the rows of any page.

({
  sides: acortex.lines.map(({ run }) => Object.fromEntries(
    ['start', 'end', 'top', 'unit', 'energy', 'busy', 'waiting'].map((name) => [name, [...run[name]]]))),
})
