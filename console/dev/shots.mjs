// A development aid: photographs every page of the scripted appliance, at three widths, light and
// dark, and lets axe look at each. Prints what axe or the browser's console complains about.
//
//   node dev/shots.mjs [names] [devices] [schemes]   parts of names, comma-separated; pictures: target/shots
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import axe from '@axe-core/playwright';
import { serve } from './fixture.mjs';

const AxeBuilder = axe.default ?? axe;
const PORT = 13210;
const BASE = `http://127.0.0.1:${PORT}`;
const output = join(dirname(fileURLToPath(import.meta.url)), '..', 'target', 'shots');
mkdirSync(output, { recursive: true });
const wanted = [2, 3, 4].map((i) => (process.argv[i] ?? '').split(','));
const isWanted = (i, name) => wanted[i].some((part) => name.includes(part));

const openCancel = async (page) => {
  await page.getByTestId('cancel-upgrade').click();
  await page.getByTestId('cancel-dialog').waitFor();
};
const SCENES = [
  ['sign-in', '/', { scenario: 'signed-out' }],
  ['sign-in-waiting', '/sign-in?code=open', { scenario: 'signed-out', noActive: true }, (page) => page.getByTestId('sign-in-waiting').waitFor()],
  ['sign-in-waited', '/sign-in?code=open', { scenario: 'signed-out', noActive: true }, async (page, steer) => {
    await page.getByTestId('sign-in-waiting').waitFor();
    await steer({ noActive: false });
    await page.getByTestId('controller-0').waitFor({ timeout: 10_000 });
  }],
  ['overview-fresh', '/', { scenario: 'fresh' }],
  ['overview', '/', { scenario: 'idle' }],
  ['overview-format-2', '/', { scenario: 'format-2' }],
  ['overview-alert', '/', { scenario: 'idle', standby: 'OFF', alert: true }],
  ['volumes', '/volumes', { scenario: 'idle' }],
  ['volume-create', '/volumes', { scenario: 'idle' }, (page) => page.getByTestId('create-volume').click()],
  ['volumes-empty', '/volumes', { scenario: 'fresh' }],
  ['volumes-format-2', '/volumes', { scenario: 'format-2' }],
  ['volumes-many', '/volumes', { scenario: 'many' }],
  ['volume-format-1', '/volumes/postgres/snapshots', { scenario: 'idle' }, (page) => page.getByTestId('snapshots-need-format-2').waitFor()],
  ['volume', '/volumes/postgres/snapshots', { scenario: 'format-2' }, (page) => page.getByTestId('snapshots-table').waitFor()],
  ['volume-none', '/volumes/scratch/snapshots', { scenario: 'format-2' }, (page) => page.getByTestId('take-snapshot').waitFor()],
  ['volume-many', `/volumes/customer-facing-order-processing-and-invoicing-database-primary/snapshots`, { scenario: 'many' }, (page) => page.getByTestId('snapshots-table').waitFor()],
  ['volume-upgrading', '/volumes/postgres/snapshots', { scenario: 'migration', step: 'PHASE_2' }],
  ['volume-gone', '/volumes/nowhere/snapshots', { scenario: 'format-2' }, (page) => page.getByTestId('error').waitFor()],
  ['volume-delete', '/volumes', { scenario: 'idle' }, (page) => page.getByRole('button', { name: 'Delete postgres' }).click()],
  ['snapshot-take', '/volumes/postgres/snapshots', { scenario: 'format-2' }, (page) => page.getByTestId('take-snapshot').click()],
  ['snapshot-clone', '/volumes/postgres/snapshots', { scenario: 'format-2' }, async (page) => {
    await page.getByRole('button', { name: 'Clone before-update' }).click();
    await page.waitForFunction(() => document.querySelector('[data-testid=clone-name]')?.value === 'postgres-copy');
  }],
  ['snapshot-rollback-refused', '/volumes/postgres/snapshots', { scenario: 'format-2' }, async (page) => {
    await page.getByRole('button', { name: 'Roll back before-update' }).click();
    await page.getByTestId('rollback-name').fill('postgres');
    await page.getByTestId('rollback-submit').click();
    await page.getByTestId('error').waitFor();
  }],
  ['snapshot-delete', '/volumes/postgres/snapshots', { scenario: 'format-2' }, (page) => page.getByRole('button', { name: 'Delete before-update' }).click()],
  ['host-add-some', '/hosts', { scenario: 'many' }, async (page) => {
    await page.getByTestId('add-host').click();
    await page.getByLabel('Only these').check();
  }],
  ['hosts-empty', '/hosts', { scenario: 'fresh' }],
  ['hosts-many', '/hosts', { scenario: 'many' }],
  ['hosts', '/hosts', { scenario: 'idle' }],
  ['host-add', '/hosts', { scenario: 'idle' }, (page) => page.getByTestId('add-host').click()],
  ['software', '/software', { scenario: 'idle' }],
  ['start', '/software/1.2.2/start', { scenario: 'idle' }, (page) => page.getByTestId('dry-run').click()],
  ['start-refused', '/software/2.0.1/start', { scenario: 'idle' }, (page) => page.getByTestId('dry-run').click()],
  ['report', '/software/reports/u-0001', { scenario: 'idle' }],
  ['events', '/events', { scenario: 'idle' }],
  ['upgrade-early', '/upgrade', { scenario: 'rolling', step: 'ACTIVATE_STANDBY' }],
  ['upgrade-rolling', '/upgrade', { scenario: 'rolling', step: 'ACTIVATE_ONCE_ACTIVE' }],
  ['upgrade-migration', '/upgrade', { scenario: 'migration', step: 'PHASE_2' }],
  ['upgrade-capped', '/upgrade', { scenario: 'migration', step: 'PHASE_2', cap: 50 * 2 ** 20 }],
  ['upgrade-uncapped', '/upgrade', { scenario: 'migration', step: 'PHASE_2', cap: 50 * 2 ** 20 }, async (page) => {
    await page.getByTestId('lift-rate-cap').click();
    await page.getByTestId('rate-cap').waitFor({ state: 'detached', timeout: 5_000 });
  }],
  ['host-remove', '/hosts', { scenario: 'idle' }, (page) => page.getByRole('button', { name: 'Remove db-primary' }).click()],
  ['volume-grow', '/volumes', { scenario: 'idle' }, (page) => page.getByRole('button', { name: 'Grow postgres' }).click()],
  ['upgrade-reconnecting', '/upgrade', { scenario: 'migration', step: 'PHASE_2' }, async (page, steer) => {
    await steer({ silence: 15_000 });
    const began = Date.now();
    await page.getByTestId('reconnecting').waitFor();
    if (Date.now() - began > 5_000) complain(`upgrade-reconnecting: noticed only after ${Date.now() - began} ms`);
  }],
  ['pause-points', '/upgrade', { scenario: 'migration', step: 'PHASE_2' }, async (page) => {
    await page.getByTestId('change-pause-points').click();
    await page.getByTestId('pause-at-phase-4').check();
    await page.getByTestId('pause-points-submit').click();
    await page.getByTestId('pause-dialog').waitFor({ state: 'detached' });
    await page.getByTestId('change-pause-points').click();
  }],
  // The bar comes and goes without moving what a person is about to press.
  ['bar-appears', '/volumes', { scenario: 'idle' }, async (page, steer) => {
    const top = () => page.locator('h1').boundingBox().then((box) => box.y);
    const before = await top();
    await steer({ scenario: 'rolling' });
    await page.getByTestId('upgrade-bar').waitFor({ timeout: 15_000 });
    if (page.viewportSize().width > 720 && Math.abs((await top()) - before) > 0.5) complain(`bar-appears: the page moved by ${(await top()) - before} px`);
  }],
  ['bar-elsewhere', '/volumes', { scenario: 'migration', step: 'PHASE_2' }],
  ['cancel-available', '/upgrade', { scenario: 'rolling', step: 'STAGE_ONCE_ACTIVE' }, openCancel],
  ['cancel-remedy', '/upgrade', { scenario: 'migration', step: 'PHASE_3' }, async (page) => {
    await openCancel(page);
    await page.getByTestId('cancel-reason-SLOWING_HOST_IO').click();
  }],
  ['cancel-no-effect', '/upgrade', { scenario: 'migration', step: 'PHASE_1' }, async (page) => {
    await openCancel(page);
    await page.getByTestId('cancel-no-effect').waitFor();
  }],
  ['cancel-blocked', '/upgrade', { scenario: 'migration', step: 'PHASE_2', standby: 'OFF' }, openCancel],
  // From the button to the cancel without a mouse: the dialog takes the focus, keeps it, and gives it back.
  ['cancel-by-keyboard', '/upgrade', { scenario: 'rolling', step: 'STAGE_ONCE_ACTIVE' }, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid') ?? document.activeElement?.id ?? '');
    const tabTo = async (id) => {
      for (let i = 0; i < 40; i++) {
        if ((await focused()) === id || (await page.evaluate((wanted) => document.activeElement?.id === wanted, id))) return;
        await page.keyboard.press('Tab');
      }
      complain(`cancel-by-keyboard: no way to ${id}, at ${await focused()}`);
    };
    await tabTo('cancel-upgrade');
    await page.keyboard.press('Enter');
    await page.getByTestId('cancel-warning').waitFor();
    if (!(await page.evaluate(() => document.querySelector('[role=dialog]')?.contains(document.activeElement)))) complain('cancel-by-keyboard: the dialog has no focus');
    await page.keyboard.press('Escape');
    await page.getByTestId('cancel-dialog').waitFor({ state: 'detached' });
    if ((await focused()) !== 'cancel-upgrade') complain(`cancel-by-keyboard: the focus comes back to ${await focused()}`);
    await page.keyboard.press('Enter');
    await page.getByTestId('cancel-warning').waitFor();
    await tabTo('cancel-reason-NOT_INTERESTED');
    await page.keyboard.press('Space');
    await tabTo('cancel-confirm');
    await page.keyboard.press('Enter');
    await page.getByTestId('cancel-dialog').waitFor({ state: 'detached' });
    await page.getByTestId('canceling-note').waitFor();
  }],
  ['canceling', '/upgrade', { scenario: 'rolling', step: 'ACTIVATE_ONCE_ACTIVE' }, async (page, steer) => {
    await openCancel(page);
    await page.getByTestId('cancel-confirm').click();
    await page.getByTestId('cancel-dialog').waitFor({ state: 'detached' });
    await steer({ pace: 1 });
    await page.waitForFunction(() => document.querySelector('[data-state="UNDONE"]'));
  }],
  ['canceled', '/upgrade', { scenario: 'rolling', step: 'STAGE_ONCE_ACTIVE' }, async (page) => {
    await openCancel(page);
    await page.getByTestId('cancel-confirm').click();
    await page.locator('[data-testid=outcome][data-state=CANCELED]').waitFor({ timeout: 20_000 });
  }],
  // A whole migration with its handover, and a signed-in page that nobody reloads.
  ['survives', '/upgrade', { scenario: 'migration' }, async (page, steer) => {
    await page.evaluate(() => (window.untouched = true));
    let silent = false;
    page.getByTestId('reconnecting').waitFor().then(() => (silent = true), () => {});
    await steer({ pace: 12 });
    await page.locator('[data-testid=outcome][data-state=COMPLETED]').waitFor({ timeout: 90_000 });
    if (!(await page.evaluate(() => window.untouched))) complain('survives: the page was reloaded');
    if (!silent) complain('survives: the changeover was never shown');
  }],
  ['failed', '/upgrade', { scenario: 'rolling', step: 'ACTIVATE_STANDBY', fail: 'Controller 1 did not come online on 1.2.2 in three attempts.' }],
];

const server = await serve(PORT, 'idle', 0);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const steer = (order) => fetch(`${BASE}/fixture`, { method: 'POST', body: JSON.stringify(order) });
let complaints = 0;
try {
  for (const [width, height, device] of [[1280, 800, 'wide'], [800, 900, 'middle'], [390, 844, 'phone']]) {
    if (!isWanted(1, device)) continue;
    for (const scheme of ['light', 'dark']) {
      if (!isWanted(2, scheme)) continue;
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce', isMobile: device === 'phone' });
      for (const [name, path, order, act] of SCENES) {
        if (!isWanted(0, name)) continue;
        await steer({ pace: 0, ...order });
        const page = await context.newPage();
        page.on('console', (message) => {
          // A silent controller is what some scenes are about.
          if (message.type() === 'error' && !/ERR_|status of 4/.test(message.text())) complain(`${name}: ${message.text()}`);
        });
        page.on('pageerror', (error) => complain(`${name}: ${error}`));
        await page.goto(BASE + path);
        await page.locator('h1').first().waitFor();
        await page.waitForTimeout(350);
        if (act) await act(page, steer);
        await page.waitForTimeout(350);
        await page.screenshot({ path: join(output, `${name}-${device}-${scheme}.png`), fullPage: !name.startsWith('cancel-') });
        const { violations } = await new AxeBuilder({ page }).analyze();
        violations.forEach((v) => complain(`${name}-${device}-${scheme}: axe ${v.id}: ${v.help}\n    ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join('\n    ')}`));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (over > 0) complain(`${name}-${device}: wider than the screen by ${over} px`);
        await page.close();
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}

function complain(what) {
  complaints++;
  console.log(what);
}
console.log(`${complaints} complaints, pictures in ${output}`);
process.exitCode = complaints ? 1 : 0;
