import fc from 'fast-check';

/** JSON texts of a field of a record; the odd ones, most of which are no event's, are rare. */
const json = (texts: readonly string[], odd: readonly string[] = []): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...texts) },
    ...(odd.length === 0 ? [] : [{ weight: 1, arbitrary: fc.constantFrom(...odd) }]),
  );
/**
 * About midnights of Berlin as its clocks change, midnights of New York, and the bounds of
 * calendars.
 */
const CLOCK_CHANGES = [
  1364684399999, 1364684400000, 1364691600000, 1364767199999, 1364767200000, 1382824800000, 1382911200000,
  1362891600000, 1362974400000, -2208988800001, -2208988800000, 4102444799999, 4102444800000,
];
const NINES = '9'.repeat(38);
const SMALL = `0.${'0'.repeat(36)}1`;
const record = fc
  .record({
    at: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: -60, max: 120 }).map(String) },
      { weight: 10, arbitrary: fc.integer({ min: 0, max: 3 }).map(String) },
      { weight: 3, arbitrary: fc.constantFrom(...CLOCK_CHANGES).map(String) },
      {
        weight: 1,
        arbitrary: json(['8640000000000000', '-8640000000000000', '-0'], ['8640000000000001', '1.5', '"5"']),
      },
    ),
    city: json(
      [
        '"rome"',
        '"rome"',
        '"rome"',
        '"oslo"',
        '""',
        '"z\u{1f600}"',
        '"z\uffff"',
        'null',
        '"a|b"',
        // Keys that look alike but differ.
        '"\ufeffrome"',
        '"\ufeff"',
        '"e\u0301"',
        '"é"',
        '"\\u0000"',
        '"rome\u2028"',
        '"__proto__"',
      ],
      ['"\\ud800"', '"rome\\udc00"'],
    ),
    text: json(
      [
        '"a b  a"',
        '""',
        '" "',
        '"é e\\u0301"',
        '"a"',
        'null',
        '"it\'s \\"q\\""',
        '"NaN"',
        '"a\\u0000b"',
        '"\ufeffa b"',
        '"a \ufeffa"',
        '"\u200ba"',
        '"\u2028"',
        '"\\u001b[0m"',
        '"constructor"',
      ],
      ['NaN', '5'],
    ),
    whole: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -3, max: 4 }).map(String) },
      {
        weight: 2,
        arbitrary: json(
          ['9007199254740991', '-9007199254740991', '1.0', '-0', 'null'],
          ['9007199254740993', '1.5', 'NaN'],
        ),
      },
    ),
    real: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -60, max: 60 }).map((tenths) => String(tenths / 10)) },
      {
        weight: 3,
        arbitrary: json(
          [
            '1e16',
            '-1e16',
            '1e300',
            '-1e300',
            '1.7976931348623157e308',
            '5e-324',
            'null',
            '-0',
            '1e-400',
            '9007199254740993',
          ],
          ['1e400', 'NaN', '"NaN"'],
        ),
      },
    ),
    flag: json(['true', 'false', 'null'], ['0']),
    seen: json(
      ['"2013-01-01T05:00:00Z"', '"1969-12-31T23:59:59.999Z"', '"2013-07-01T12:30:00Z"', 'null'],
      ['"2013-02-30T00:00:00Z"', '"2013"'],
    ),
    price: json(
      ['"0.10"', '"0.1"', '"12.5"', '"-0"', '"-7"', `"${NINES}"`, `"${SMALL}"`, 'null'],
      ['"5."', `"${NINES}9"`, '5'],
    ),
    tags: json(['["a","b","a"]', '["a"]', '[]', 'null', '["","x y"]', '["\ufeffa","a"]'], ['[1]']),
  })
  .map(
    (fields) =>
      `{${Object.entries(fields)
        .map(([name, text]) => `"${name}":${text}`)
        .join(',')}}`,
  );
/** The value of a record: mostly an event, rarely poison. */
export const value: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 15, arbitrary: record },
  { weight: 1, arbitrary: fc.constantFrom(null, '{', '[]', 'null', '{}', '"x"', '{"at":NaN}') },
);
