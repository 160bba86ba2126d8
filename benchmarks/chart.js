/** A bar chart as SVG: a group of bars a row, a bar a series. */
const WIDTH = 760;
const LABEL = 190;
const BAR = 16;
const COLOURS = ['#2f6f9f', '#c9822b', '#6b8e4e', '#8c5a8c', '#7a7a7a', '#b04a4a', '#4a9a9a'];

/** Bars that differ by more than this are drawn on a logarithmic scale. */
const LINEAR = 50;

const escapeText = (text) => String(text).replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);

const text = (x, y, content, more = '') => `<text x="${x}" y="${y}" ${more}>${escapeText(content)}</text>`;

/** 1.23, 45.6, 789, 12,345: three digits that count. */
export function shown(value) {
  if (value === undefined || value === null) return '–';
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-GB', { maximumFractionDigits: digits });
}

export function toChart({ name, about, unit, rows }) {
  const series = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const values = rows.flatMap(({ figures }) => Object.values(figures)).filter((value) => value > 0);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isLogarithmic = most / least > LINEAR;
  const share = (value) =>
    isLogarithmic ? Math.log(Math.max(value, least) / (least / 2)) / Math.log(most / (least / 2)) : value / most;
  const parts = [text(10, 22, `${name}: ${about}`, 'font-weight="bold"')];
  const scale = isLogarithmic ? `${unit}, logarithmic` : unit;
  let x = 10;
  for (const [index, title] of series.entries()) {
    parts.push(`<rect x="${x}" y="34" width="10" height="10" fill="${COLOURS[index % COLOURS.length]}"/>`);
    parts.push(text(x + 14, 43, title));
    x += 28 + title.length * 7;
  }
  parts.push(text(WIDTH - 10, 43, scale, 'text-anchor="end"'));
  let y = 60;
  for (const { row, figures } of rows) {
    parts.push(text(10, y + 12, row));
    for (const [title, value] of Object.entries(figures)) {
      const width = Math.max(1, share(Math.max(value, 0)) * (WIDTH - LABEL - 80)).toFixed(1);
      const fill = COLOURS[series.indexOf(title) % COLOURS.length];
      parts.push(`<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR - 3}" fill="${fill}"/>`);
      parts.push(text(LABEL + Number(width) + 5, y + 11, shown(value)));
      y += BAR;
    }
    y += 8;
  }
  const style = 'font-family="sans-serif" font-size="12"';
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" ${style}>`;
  return [head, `<rect width="${WIDTH}" height="${y}" fill="white"/>`, ...parts, '</svg>', ''].join('\n');
}
