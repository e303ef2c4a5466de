/** A custom property's declaration in minified CSS; values with quotes are left alone. */
const DECLARATION = /(?<=[{;])(--[\w-]+):[^;{}"']*(?:;|(?=\}))/g;

/** Custom properties come in chains: dropping one can leave others unused. Chains are short. */
const MOST_ROUNDS = 20;

/** Minified CSS without the custom properties that neither it nor the scripts refer to. */
export function dropUnusedProperties(css: string, scripts: string): string {
  const inScripts = new Set(scripts.match(/--[\w-]+/g));
  let left = css;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const used = new Set([...left.matchAll(/var\(\s*(--[\w-]+)/g)].map((match) => match[1]));
    const next = left.replace(DECLARATION, (declaration, name: string) => (used.has(name) || inScripts.has(name) ? declaration : ''));
    if (next === left) break;
    left = next;
  }
  return left;
}
