/**
 * One self-contained HTML file, without scripts or external resources, so that it can be stored and
 * sent.
 */

/** HTML that this program made. All other text is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => ESCAPES[one] as string);

type Part = Html | string | number | readonly Part[];

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(textOf).join('') : escaped(String(part));
}

/** A template whose values are escaped, unless they are HTML already. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.reduce((whole, text, index) => whole + textOf(parts[index - 1] as Part) + text));
}

/** An SVG of `charts.ts`. */
export const chart = (svg: string): Html => new Html(svg);

/** A table with right-aligned numbers. */
export function table(titles: readonly string[], rows: readonly (readonly (string | number | Html)[])[]): Html {
  const cell = (value: string | number | Html) =>
    typeof value === 'number' || (typeof value === 'string' && /^[-−]?[\d,.]+( ?%|e[-+]?\d+)?$/.test(value))
      ? html`<td class="number">${typeof value === 'number' ? String(value) : value}</td>`
      : html`<td>${value}</td>`;
  return html`<table><thead><tr>${titles.map((title) => html`<th>${title}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table>`;
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2430; background: #f6f7f9; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 26px; margin: 0 0 2px; } h2 { font-size: 19px; margin: 34px 0 10px; } h3 { font-size: 15px; margin: 0 0 8px; }
.muted { color: #66707f; } .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 16px; }
.card { background: white; border: 1px solid #e2e6ec; border-radius: 8px; padding: 14px 16px; overflow-x: auto; min-width: 0; }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; }
.figure { background: white; border: 1px solid #e2e6ec; border-radius: 8px; padding: 8px 16px; }
.figure b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #c9d0da; } th, td { padding: 3px 14px 3px 0; vertical-align: top; }
td.number { text-align: right; } tr + tr td { border-top: 1px solid #eef1f5; }
.legend span { display: inline-block; margin-right: 14px; font-size: 13px; } .legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px; }
.warning { color: #a14a00; } svg { max-width: 100%; height: auto; }
@media print { body { background: white; } .card { break-inside: avoid; } }`;

export function page(title: string, body: Html): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main>${body.text}</main></body></html>
`;
}

/** Large figures in a row. */
export function figures(items: readonly (readonly [string, string])[]): Html {
  return html`<div class="figures">${items.map(([name, value]) => html`<div class="figure"><span class="muted">${name}</span><b>${value}</b></div>`)}</div>`;
}

export function card(title: string, ...parts: readonly Part[]): Html {
  return html`<section class="card"><h3>${title}</h3>${parts}</section>`;
}

export function cards(items: readonly Html[]): Html {
  return html`<div class="cards">${items}</div>`;
}
