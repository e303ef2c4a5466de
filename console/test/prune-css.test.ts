import { expect, test } from 'vitest';
import { dropUnusedProperties } from '../prune-css';

test('what nobody refers to is dropped, along its chain', () => {
  const css = ':root{--a:var(--b);--b:1px;--c:2px;--d:3px;--e:url("x;--f:1")}p{width:var(--c,var(--g));--h:1}';
  expect(dropUnusedProperties(css, 'style("--d")')).toBe(':root{--c:2px;--d:3px;--e:url("x;--f:1")}p{width:var(--c,var(--g));}');
});
