// The story of an upgrade to 1.2.2 that is canceled, as the administrator sees it.
import assert from 'node:assert/strict';
import { story } from './console.mjs';

const WARNING =
  'Canceling the upgrade will result in a reboot of the appliance. ' +
  'Are you sure you want to cancel the upgrade progress?';

await story(async ({ link, page, at, shot, seen, go, barSays, canceled, bothOn }) => {
  const stranger = await page.context().browser().newContext();
  const elsewhere = await stranger.newPage();
  await elsewhere.goto(link);
  assert.match(await elsewhere.getByTestId('sign-in-problem').innerText(), /used already/);
  assert.match(await elsewhere.getByTestId('sign-in-problem').innerText(), /bascule up/, 'it says what to do');
  await stranger.close();
  seen('the sign-in page when the link is used a second time');

  await at('upgrade-bar').waitFor();
  await shot('1-overview');
  seen('the bar on the overview');

  for (const place of ['Volumes', 'Hosts', 'Software']) {
    await go(place);
    await at('upgrade-bar').waitFor();
  }
  seen('the bar on every page');

  // The upgrade runs through its handover to the pause point while this page stays open.
  await at('view-details').click();
  await barSays('PAUSED');
  await at('cancel-upgrade').waitFor();
  await go('Software');
  assert.match(await at('running-releases').innerText(), /1\.2\.1 → 1\.2\.2/);
  assert.equal(await at('packages').getByText('Installed', { exact: true }).count(), 0, 'no release is called installed half-way');
  await at('view-details').click();
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
  await canceled();
  await shot('4-canceled');
  seen('CANCELED');

  await go('Overview');
  await bothOn('1.2.1');
  assert.equal(await at('upgrade-bar').count(), 0, 'the bar is gone');
  await shot('5-back');
  seen('1.2.1 on both controllers, both ONLINE');
});
