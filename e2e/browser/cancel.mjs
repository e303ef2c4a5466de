// The story of a canceled upgrade as the administrator sees it, in a real Chromium.
// Arguments: sign-in link, folder for screenshots. Prints one line per thing seen; exits 1 on the first that is not so.
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import path from 'node:path';

const [link, shots] = process.argv.slice(2);
const WARNING =
  'Canceling the upgrade will result in a reboot of the appliance. ' +
  'Are you sure you want to cancel the upgrade progress?';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(90_000);

const complaints = [];
let loads = 0;
page.on('pageerror', (error) => complaints.push(`page error: ${error}`));
page.on('load', () => loads++);
page.on('console', (message) => {
  // While controllers change over, requests fail: the browser itself writes that down.
  const network = /Failed to load resource|net::ERR_/.test(message.text());
  if (message.type() === 'error' && !network) complaints.push(`console: ${message.text()}`);
});

const at = (id) => page.getByTestId(id);
const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
const seen = (what) => console.log(`seen: ${what}`);

try {
  await page.goto(link);
  await at('controller-0').waitFor();
  const loadsAtStart = loads;
  await at('upgrade-bar').waitFor();
  await shot('1-overview');
  seen('the bar on the overview');

  for (const place of ['Volumes', 'Hosts', 'Software']) {
    await page.getByRole('navigation').getByRole('link', { name: place, exact: true }).click();
    await at('upgrade-bar').waitFor();
  }
  seen('the bar on every page');

  // The upgrade runs through its handover to the pause point while this page stays open.
  await at('view-details').click();
  await page.waitForFunction(
    () => document.querySelector('[data-testid=upgrade-bar]')?.getAttribute('data-state') === 'PAUSED',
  );
  await at('cancel-upgrade').waitFor();
  await shot('2-details');
  seen('View Details, and Cancel Upgrade after the handover');

  await at('cancel-upgrade').click();
  await at('cancel-dialog').waitFor();
  assert.equal((await at('cancel-warning').innerText()).trim(), WARNING);
  assert.ok((await at('cancel-steps').locator('li').count()) >= 3, 'the preview has its steps');
  await at('cancel-reason-NOT_INTERESTED').check();
  await shot('3-cancel');
  seen('the warning to the letter, the preview, the reasons');

  await at('cancel-confirm').click();
  await page.waitForFunction(() =>
    document.querySelector('[data-testid=upgrade-state]')?.textContent?.match(/cancel(l)?ed/i),
  );
  await shot('4-canceled');
  seen('CANCELED');

  await page.getByRole('navigation').getByRole('link', { name: 'Overview', exact: true }).click();
  for (const id of [0, 1]) {
    await page.waitForFunction(
      (controller) =>
        document.querySelector(`[data-testid=controller-${controller}-version]`)?.textContent?.includes('1.2.1') &&
        document.querySelector(`[data-testid=controller-${controller}-status]`)?.textContent?.match(/online/i),
      id,
    );
  }
  assert.equal(await at('upgrade-bar').count(), 0, 'the bar is gone');
  await shot('5-back');
  seen('1.2.1 on both controllers, both ONLINE');

  assert.equal(loads, loadsAtStart, 'the page was never loaded again');
  assert.deepEqual(complaints, []);
  seen('no reload, no error in the console');
} catch (error) {
  await shot('failed').catch(() => {});
  console.error(error);
  console.error(await page.locator('body').innerText().catch(() => 'no page'));
  process.exitCode = 1;
} finally {
  await browser.close();
}
