import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalDecimal,
  compareDecimals,
  DECIMAL_DIGITS_MAX,
  decimalQuotient,
  decimalText,
  decimalUnits,
} from './decimal.ts';

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.nat({ max: 38 }))
  .map(([mantissa, places]) => {
    const digits = (mantissa < 0n ? -mantissa : mantissa).toString().padStart(places + 1, '0');
    const sign = mantissa < 0n ? '-' : '';
    return `${sign}${digits.slice(0, digits.length - places)}${places === 0 ? '' : `.${digits.slice(-places)}`}`;
  });

describe('the text of a decimal', () => {
  it.each([
    { text: '12.50', canonical: '12.5' },
    { text: '-0.00', canonical: '0' },
    { text: '007', canonical: '7' },
    { text: '100', canonical: '100' },
    { text: '-0.10', canonical: '-0.1' },
    { text: '0.0', canonical: '0' },
    { text: '9'.repeat(38), canonical: '9'.repeat(38) },
    { text: `0.${'9'.repeat(38)}`, canonical: `0.${'9'.repeat(38)}` },
    { text: `${'0'.repeat(50)}1.${'0'.repeat(48)}`, canonical: '1' },
  ])('$text is $canonical', ({ text, canonical }) => {
    expect(canonicalDecimal(text)).toBe(canonical);
  });

  it.each([
    '',
    '.',
    '.5',
    '5.',
    '+5',
    '1e5',
    '1_000',
    '1,5',
    ' 1',
    '1 ',
    '--1',
    'NaN',
    'Infinity',
    '0x10',
    '１',
    '9'.repeat(39),
    `1.${'1'.repeat(38)}`,
    '0'.repeat(101),
  ])('%j is none', (text) => {
    expect(canonicalDecimal(text)).toBeNull();
  });

  it('is found again from its units, and equal numbers are equal texts', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const canonical = canonicalDecimal(text);
        if (canonical === null) return;
        expect(decimalText(decimalUnits(canonical))).toBe(canonical);
        expect(canonicalDecimal(`${canonical}${canonical.includes('.') ? '' : '.'}00`)).toBe(canonical);
      }),
    );
  });

  it('has no trouble with a long run of zeros', () => {
    expect(canonicalDecimal(`1.${'0'.repeat(1_000_000)}1`)).toBeNull();
  });

  it('is compared by size', () => {
    expect(['10', '9.5', '-3', '0', '-20', '0.25'].sort(compareDecimals)).toEqual([
      '-20',
      '-3',
      '0',
      '0.25',
      '9.5',
      '10',
    ]);
    const signs = [compareDecimals('9.5', '10'), compareDecimals('10', '9.5'), compareDecimals('10', '10')];
    expect(signs.map(Math.sign)).toEqual([-1, 1, 0]);
  });
});

describe('a quotient of decimals', () => {
  it.each([
    { dividend: '1', divisor: 3n, quotient: '0.333333333333333333' },
    { dividend: '-2', divisor: 3n, quotient: '-0.666666666666666667' },
    { dividend: '12.5', divisor: 5n, quotient: '2.5' },
    // Halves go to the even neighbour.
    { dividend: '0.000000000000000001', divisor: 2n, quotient: '0' },
    { dividend: '0.000000000000000003', divisor: 2n, quotient: '0.000000000000000002' },
    { dividend: '-0.000000000000000001', divisor: 2n, quotient: '0' },
    { dividend: '-0.000000000000000003', divisor: 2n, quotient: '-0.000000000000000002' },
    // The result has as many digits as the dividend.
    { dividend: '0.00000000000000000001', divisor: 1n, quotient: '0.00000000000000000001' },
    { dividend: '0.00000000000000000003', divisor: 2n, quotient: '0.00000000000000000002' },
  ])('$dividend / $divisor is $quotient', ({ dividend, divisor, quotient }) => {
    expect(decimalText(decimalQuotient(decimalUnits(dividend), divisor))).toBe(quotient);
  });

  it('is at most half a last digit off', () => {
    const unit = 10n ** BigInt(DECIMAL_DIGITS_MAX - 18);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
        fc.bigInt({ min: 1n, max: 10n ** 6n }),
        (units, divisor) => {
          const off = 2n * (decimalQuotient(units * unit, divisor) * divisor - units * unit);
          expect(off < 0n ? -off : off).toBeLessThanOrEqual(divisor * unit);
        },
      ),
    );
  });
});
