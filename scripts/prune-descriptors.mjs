/**
 * Removes the protobuf descriptors that a program never sends, receives or names from Temporal's.
 * Building the rest takes a third of the time.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/**
 * A rolldown plugin. `text` is the program without the descriptors. Everything that it names is
 * kept.
 */
export function prunedDescriptors(text) {
  return {
    name: 'pruned-descriptors',
    load: {
      filter: { id: /@temporalio[\\/]proto[\\/]protos[\\/]json-module\.js$/ },
      async handler(file) {
        const json = JSON.stringify(pruned(await descriptorsIn(file), text, createRequire(file)('protobufjs/light')));
        // V8 parses JSON in a string faster than the same literal.
        const root = `(roots.__temporal ??= new Root()).addJSON(JSON.parse(${JSON.stringify(json)}))`;
        return `const { Root, roots } = require('protobufjs/light');\nmodule.exports = ${root};\n`;
      },
    },
  };
}

/** The argument that the module passes to `Root.addJSON`. */
async function descriptorsIn(file) {
  const given = [];
  class Catcher {
    addJSON(json) {
      given.push(json);
      return this;
    }
  }
  const load = new Function('require', 'module', await readFile(file, 'utf8'));
  load(() => ({ roots: {}, Root: Catcher }), {});
  if (given.length !== 1)
    throw new Error(`${file} no longer calls Root.addJSON once. Adapt scripts/prune-descriptors.mjs.`);
  return given[0];
}

function pruned(json, text, protobuf) {
  const root = protobuf.Root.fromJSON({ nested: structuredClone(json) }).resolveAll();
  const words = new Set(text.match(/\w+/g));
  const kept = reachable(namedIn(text, root), words, protobuf);
  return prunedNested(json, '', { kept, words });
}

/**
 * The messages, enums and services that the program names, such as
 * `temporal.api.common.v1.Payload`.
 */
function namedIn(text, root) {
  const paths = new Set(text.match(/\b(?:coresdk|google|grpc|temporal)(?:\.\w+)+/g));
  return [...paths].flatMap((path) => {
    for (let parts = path.split('.'); parts.length > 1; parts = parts.slice(0, -1)) {
      const found = root.lookup(parts);
      if (found) return [found];
    }
    return [];
  });
}

/**
 * A method is kept when the program contains its name as a word. When the program names a whole
 * namespace, everything in it is kept.
 */
function reachable(roots, words, { Service, Type }) {
  const seen = new Set();
  const left = [...roots];
  while (left.length > 0) {
    const next = left.pop();
    if (!next || seen.has(next.fullName)) continue;
    seen.add(next.fullName);
    if (next.parent instanceof Type) left.push(next.parent);
    if (next instanceof Service) {
      for (const method of next.methodsArray)
        if (words.has(callNameOf(method.name))) left.push(method.resolvedRequestType, method.resolvedResponseType);
    } else if (next instanceof Type) left.push(...next.fieldsArray.map((field) => field.resolvedType));
    else left.push(...(next.nestedArray ?? []));
  }
  return seen;
}

function prunedNested(nested, path, which) {
  const entries = Object.entries(nested).flatMap(([name, one]) => {
    const part = prunedOne(one, `${path}.${name}`, which);
    return part ? [[name, part]] : [];
  });
  return Object.fromEntries(entries);
}

/** Undefined when neither the entry nor anything in it is kept. */
function prunedOne({ nested = {}, options: _forOtherLanguages, ...one }, path, which) {
  const below = prunedNested(nested, path, which);
  const here = which.kept.has(path);
  if (!here && Object.keys(below).length === 0) return undefined;
  const isNamespace = !('fields' in one || 'values' in one || 'methods' in one);
  if (one.methods) one.methods = prunedMethods(one.methods, which);
  return { ...(here || isNamespace ? one : {}), ...(Object.keys(below).length > 0 && { nested: below }) };
}

function prunedMethods(methods, { words }) {
  const kept = Object.entries(methods).filter(([name]) => words.has(callNameOf(name)));
  return Object.fromEntries(
    kept.map(([name, { options: _http, parsedOptions: _again, comment: _text, ...method }]) => [name, method]),
  );
}

/** The name that protobufjs gives to the method of a client. */
function callNameOf(name) {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
