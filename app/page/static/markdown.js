// Markdown as models write it, made of elements: headings, lists, quotes, tables, code, emphasis, links.
// A subset on purpose. Whatever is not recognised stays what it is, text; HTML is text too.
import { h } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.+?)\s*#*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ROW = /^\s*\|(.+)\|\s*$/;
const DIVIDER = /^\s*\|?(\s*:?-+:?\s*\|)+\s*:?-*:?\s*\|?\s*$/;
const DEEPEST = 6; // lists and quotes nested deeper are shown flat
const LONGEST_LINE = 20000; // of a longer one no emphasis is looked for

// `level` is that of the text's own highest heading; the others follow without a gap, as readers by ear need it.
export function render(text, level) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const used = [...new Set(lines.map((line) => line.match(HEADING)?.[1].length).filter(Boolean))].sort();
  const levels = new Map(used.map((marks, place) => [marks, Math.min(6, level + place)]));
  return blocks(lines, levels, 0);
}

function blocks(lines, levels, depth) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) {
      at += 1;
      continue;
    }
    const [element, next] = block(lines, at, levels, depth);
    made.push(element);
    at = next;
  }
  return made;
}

function block(lines, at, levels, depth) {
  const line = lines[at];
  const fence = line.match(FENCE);
  if (fence) return code(lines, at, fence);
  const heading = line.match(HEADING);
  if (heading) return [h(`h${levels.get(heading[1].length) ?? 6}`, {}, inline(heading[2])), at + 1];
  if (RULE.test(line)) return [h("hr"), at + 1];
  if (/^ {0,3}>/.test(line) && depth < DEEPEST) return quote(lines, at, levels, depth);
  if (ITEM.test(line) && depth < DEEPEST) return list(lines, at, levels, depth);
  if (ROW.test(line) && DIVIDER.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at, depth);
}

function code(lines, at, [, mark]) {
  const inside = [];
  let next = at + 1;
  while (next < lines.length && !(lines[next].trim().startsWith(mark) && !lines[next].trim().slice(mark.length).replaceAll(mark[0], ""))) {
    inside.push(lines[next]);
    next += 1;
  }
  // Reached by the keyboard, because it may be wider than the column.
  return [h("pre", { tabindex: 0 }, h("code", {}, inside.join("\n"))), next + 1];
}

function quote(lines, at, levels, depth) {
  const inside = [];
  while (at < lines.length && /^ {0,3}>/.test(lines[at])) inside.push(lines[at++].replace(/^ {0,3}> ?/, ""));
  return [h("blockquote", {}, blocks(inside, levels, depth + 1)), at];
}

function list(lines, at, levels, depth) {
  const [, indent, mark] = lines[at].match(ITEM);
  const ordered = /\d/.test(mark);
  const items = [];
  while (at < lines.length) {
    const item = lines[at].match(ITEM);
    if (!item || item[1].length !== indent.length || /\d/.test(item[2]) !== ordered) break;
    const inside = [item[3]];
    const width = item[1].length + item[2].length + 1;
    at += 1;
    while (at < lines.length) {
      const deeper = lines[at].search(/\S/) > indent.length;
      const blank = !lines[at].trim() && (lines[at + 1] ?? "").search(/\S/) > indent.length;
      if (!deeper && !blank) break;
      inside.push(lines[at].slice(Math.min(width, Math.max(0, lines[at].search(/\S/)))));
      at += 1;
    }
    const made = blocks(inside, levels, depth + 1);
    items.push(h("li", {}, made.length && made[0].tagName === "P" ? [...made[0].childNodes, made.slice(1)] : made));
    while (at < lines.length && !lines[at].trim() && ITEM.test(lines[at + 1] ?? "")) at += 1;
  }
  const start = ordered ? Number.parseInt(mark, 10) : 1;
  return [h(ordered ? "ol" : "ul", { start: ordered && start !== 1 ? start : null }, items), at];
}

function table(lines, at) {
  const cells = (line) => line.match(ROW)[1].split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const head = cells(lines[at]);
  const rows = [];
  at += 2;
  while (at < lines.length && ROW.test(lines[at])) rows.push(cells(lines[at++]));
  const made = h(
    "table",
    { tabindex: 0 },
    h("thead", {}, h("tr", {}, head.map((cell) => (cell ? h("th", { scope: "col" }, inline(cell)) : h("td"))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, head.map((_, column) => h("td", {}, inline(row[column] ?? "")))))),
  );
  return [made, at];
}

function paragraph(lines, at, depth) {
  const inside = [lines[at]];
  const ends = (line) => !line.trim() || FENCE.test(line) || HEADING.test(line) || (depth < DEEPEST && (ITEM.test(line) || /^ {0,3}>/.test(line)));
  let next = at + 1;
  while (next < lines.length && !ends(lines[next])) inside.push(lines[next++]);
  const made = inside.flatMap((line, index) => {
    const hard = / {2}$|\\$/.test(line) && index < inside.length - 1;
    return [...inline(line.replace(/\\$/, "").trim()), hard ? h("br") : index < inside.length - 1 ? "\n" : ""];
  });
  return [h("p", {}, made), next];
}

// The leftmost mark wins; what is inside code is taken as it is.
const INLINE = /(?<ticks>`+)(?<code>[^`]|[^`][\s\S]*?[^`])\k<ticks>(?!`)|\*\*(?<strong>[^\s*](?:[^*]|\*(?!\*)|\*(?=\*\*(?!\*)))*?)\*\*(?!\*)|(?<![\w*])\*(?<em>[^\s*][^*]*?)\*(?!\*)|(?<!\w)_(?<under>[^\s_][^_]*?)_(?!\w)|\[(?<label>[^\][]+)\]\((?<target>[^()\s]+)\)|(?<bare>https?:\/\/[^\s<>()"'`]+[^\s<>()"'`.,;:!?])/;

function inline(text, depth = 0) {
  const made = [];
  let rest = text;
  while (rest && text.length <= LONGEST_LINE && depth < DEEPEST) {
    const match = INLINE.exec(rest);
    if (!match) break;
    made.push(rest.slice(0, match.index), mark(match, depth));
    rest = rest.slice(match.index + match[0].length);
  }
  return [...made, rest].filter((part) => part !== "");
}

function mark({ 0: whole, groups }, depth) {
  if (groups.code !== undefined) return h("code", {}, groups.code.trim() || groups.code);
  if (groups.strong !== undefined) return h("strong", {}, inline(groups.strong, depth + 1));
  const emphasis = groups.em ?? groups.under;
  if (emphasis !== undefined) return h("em", {}, inline(emphasis, depth + 1));
  return anchor(groups.target ?? groups.bare, groups.label ?? groups.bare) ?? whole;
}

// Only addresses of the web become links, and where one leads is always told.
function anchor(target, label) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  return h("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank", title: url.href }, label);
}
