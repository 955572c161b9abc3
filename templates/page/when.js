"use strict";
/* Conditions asked of facts: the same answers and reasons as compare.py, when.py and unlock.py give. null is unknown, never no. */
const asking = (() => {
  const ORDER = ["wish", "tool", "user", "admin", "reboot", "os", "hardware"];
  const known = (value) => (value === undefined ? null : value);
  const own = (value, key) => Object.prototype.hasOwnProperty.call(value, key);

  /* --- compare and spell --- */
  const VERSION = /(\d+(?:\.\d+)*)[-_.]?(a|b|rc|alpha|beta|dev|pre|preview)?(?:[-_.]?(\d+))?/i;
  const STAGES = { dev: -4, a: -3, alpha: -3, b: -2, beta: -2, pre: -1, preview: -1, rc: -1 };
  function version(text) {
    const match = VERSION.exec(text);
    if (!match) return null;
    const numbers = match[1].split(".").map(Number);
    while (numbers.length > 1 && numbers[numbers.length - 1] === 0) numbers.pop();
    const stage = match[2] ? STAGES[match[2].toLowerCase()] : 0;
    return [numbers, stage, stage ? Number(match[3] ?? 0) : 0];
  }
  function order(a, b) {
    if (!Array.isArray(a)) return a < b ? -1 : a > b ? 1 : 0;
    for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
      const found = order(a[at], b[at]);
      if (found) return found;
    }
    return a.length - b.length;
  }
  const TESTS = {
    "==": (a, b) => order(a, b) === 0, "!=": (a, b) => order(a, b) !== 0, "<": (a, b) => order(a, b) < 0,
    "<=": (a, b) => order(a, b) <= 0, ">": (a, b) => order(a, b) > 0, ">=": (a, b) => order(a, b) >= 0,
  };
  const lower = (value) => String(value).toLowerCase();
  function compare(op, kind, found, value) {
    if (op === "has") {
      if (typeof found === "string") return value.every((item) => found.toLowerCase().includes(item));
      return value.every((item) => found.map(lower).includes(item));
    }
    if (kind === "list") {
      const both = (Array.isArray(value) ? value : [value]).some((item) => found.map(lower).includes(item));
      return op === "!=" ? !both : both;
    }
    if (op === "in") {
      const answers = value.map((item) => compare("==", kind, found, item));
      return answers.includes(true) ? true : answers.includes(null) ? null : false;
    }
    if (kind === "version") return versions(op, String(found), String(value));
    if (kind === "word" || kind === "text") return TESTS[op](lower(found).trim(), value);
    if (kind === "flag") return TESTS[op](Number(Boolean(found)), Number(value));
    return typeof found === "number" || typeof found === "boolean" ? TESTS[op](Number(found), value) : null;
  }
  function versions(op, found, value) {
    const stars = value.endsWith(".*");
    const left = version(found);
    const right = version(stars ? value.slice(0, -2) : value);
    if (left === null || right === null) return null;
    if (!stars) return TESTS[op](left, right);
    const wanted = value.match(/\d+/g).map(Number);
    const same = wanted.every((number, at) => (left[0][at] ?? 0) === number);
    return op === "!=" ? !same : same;
  }
  function general(number) {
    const [digits, power] = number.toExponential(5).split("e");
    if (number !== 0 && (Number(power) < -4 || Number(power) >= 6)) {
      const sign = power.startsWith("-") ? "-" : "+";
      return `${Number(digits)}e${sign}${power.slice(1).padStart(2, "0")}`;
    }
    return String(Number(number.toPrecision(6)));
  }
  /* One digit after the point; a tie goes to the even one, as Python has it. */
  const tenths = (number) => (number % 1 === 0.25 ? `${Math.floor(number)}.2` : number.toFixed(1));
  function bytes(size) {
    const units = [["i", 1024], ["", 1000]].flatMap(([mark, base]) => [1, 2, 3, 4, 5].map((power) => [base ** power, `${"KMGTP"[power - 1]}${mark}B`]));
    const whole = units.filter(([unit]) => size >= unit && size % unit === 0).map(([unit, name]) => [Math.floor(size / unit), name]);
    whole.sort(order);
    if (whole.length && whole[0][0] < 1024) return whole[0].join(" ");
    const rough = units.slice(0, 5).filter(([unit]) => size >= unit).pop();
    return rough ? `${tenths(size / rough[0])} ${rough[1]}` : `${general(size)} B`;
  }
  function spellValue(kind, value) {
    if (kind === "flag") return value ? "yes" : "no";
    if (kind === "bytes" && typeof value === "number") return bytes(value);
    return typeof value === "number" && !Number.isInteger(value) ? general(value) : String(value);
  }
  function spell(op, kind, value) {
    if (op === "has") return `has ${value.join(", ")}`;
    if (op === "in") return `one of ${value.map((item) => spellValue(kind, item)).join(", ")}`;
    if (kind === "list") return `${op === "!=" ? "not " : ""}has ${value}`;
    return op === "==" ? spellValue(kind, value) : `${op} ${spellValue(kind, value)}`;
  }
  function spellFound(kind, found) {
    if (found === null) return null;
    if (Array.isArray(found)) return found.slice(0, 8).join(", ") + (found.length > 8 ? " ..." : "") || "none";
    return spellValue(kind, found);
  }

  /* --- conditions --- */
  function item(list, key) {
    for (const name of ["id", "pci", "kind", "path"]) {
      const found = list.find((one) => one !== null && typeof one === "object" && known(one[name]) === key);
      if (found !== undefined) return found;
    }
    return /^\d+$/.test(key) && Number(key) < list.length ? list[Number(key)] : null;
  }
  function resolve(path, scope) {
    let [value, rest] = [scope, path];
    while (rest) {
      if (value === null || typeof value !== "object") return null;
      const parts = rest.split(".");
      let cut = parts.length;
      const there = (key) => (Array.isArray(value) ? item(value, key) !== null : own(value, key));
      while (cut > 1 && !there(parts.slice(0, cut).join("."))) cut -= 1;
      const key = parts.slice(0, cut).join(".");
      value = Array.isArray(value) ? item(value, key) : own(value, key) ? known(value[key]) : null;
      rest = parts.slice(cut).join(".");
    }
    return value;
  }
  /* Cells share conditions and machines repeat values, so an answer once worded is kept. */
  const kept = new WeakMap();
  function leaf(when, scope) {
    const found = resolve(when.path, scope);
    if (!kept.has(when)) kept.set(when, new Map());
    const answers = kept.get(when);
    if (!answers.has(found)) answers.set(found, worded(when, found));
    return answers.get(found);
  }
  function worded(when, found) {
    const holds = found === null ? null : compare(when.op, when.kind, found, when.value);
    return { fact: when.path, needed: spell(when.op, when.kind, when.value), found: spellFound(when.kind, found), holds, says: null, takes: when.takes };
  }
  const invert = (holds) => (holds === null ? null : !holds);
  function inverted(one) {
    const needed = one.needed.startsWith("not ") ? one.needed.slice(4) : `not ${one.needed}`;
    return { ...one, needed, holds: invert(one.holds) };
  }
  const allOf = (values) => (values.includes(false) ? false : values.includes(null) ? null : true);
  const anyOf = (values) => (values.includes(true) ? true : values.includes(null) ? null : false);
  function evaluate(when, scope) {
    if ("path" in when) {
      const one = leaf(when, scope);
      return { holds: one.holds, reasons: [one] };
    }
    if ("not" in when) {
      const inner = evaluate(when.not, scope);
      return { holds: invert(inner.holds), reasons: inner.reasons.map(inverted) };
    }
    const parts = (when.all ?? when.any).map((part) => evaluate(part, scope));
    const values = parts.map((part) => part.holds);
    return { holds: when.all ? allOf(values) : anyOf(values), reasons: parts.flatMap((part) => part.reasons) };
  }
  function weight(blockers) {
    const failing = blockers.filter((one) => one.holds === false);
    const facts = failing.map((one) => one.fact);
    const elsewhere = failing.some((one) => one.fact === "os.family" && one.takes === "hardware");
    const absent = facts.includes("cell.status") ? 2 : elsewhere || facts.includes("devices") || facts.includes("os.arch") ? 1 : 0;
    const worst = failing.reduce((most, one) => Math.max(most, ORDER.indexOf(one.takes)), 0);
    return [worst, absent, Number(facts.includes("os.family")), failing.length];
  }
  const least = (ways) => ways.reduce((best, way) => (best === null || order(weight(way), weight(best)) < 0 ? way : best), null) ?? [];
  /* What keeps a condition from holding; of several alternatives that all fail, the way out that takes least. */
  function ask(when, scope) {
    if (when === null) return { holds: true, blockers: [] };
    if ("all" in when || "any" in when) {
      const parts = (when.all ?? when.any).map((part) => ask(part, scope));
      const values = parts.map((part) => part.holds);
      const holds = when.all ? allOf(values) : anyOf(values);
      if (when.all) return { holds, blockers: parts.flatMap((part) => part.blockers).filter((one) => one.holds === holds) };
      return { holds, blockers: holds ? [] : least(parts.filter((part) => part.holds === holds).map((part) => part.blockers)) };
    }
    const answer = evaluate(when, scope);
    return { holds: answer.holds, blockers: answer.holds === true ? [] : answer.reasons.filter((one) => one.holds === answer.holds) };
  }
  function askAll(when, every) {
    let unknown = [];
    for (const scope of every) {
      const { holds, blockers } = ask(when, scope);
      if (holds === false) return { holds, blockers };
      if (holds === null && !unknown.length) unknown = blockers;
    }
    return unknown.length ? { holds: null, blockers: unknown } : { holds: true, blockers: [] };
  }
  const askAny = (when, every) => anyOf(every.map((scope) => ask(when, scope).holds));
  return { order, bytes, evaluate, least, ask, askAll, askAny };
})();
