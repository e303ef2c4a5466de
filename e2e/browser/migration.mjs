// The story of the migration to 2.0.1 as the administrator sees it: a cancel in Phase 1, which has no effect, and one in
// Phase 3, which has.
import assert from 'node:assert/strict';
import { story } from './console.mjs';

const WARNING =
  'Canceling the upgrade will stop the data migration and reboot the appliance to 1.2.2 software. ' +
  'The upgrade to 2.0.1 will have to be started again from the beginning. ' +
  'Are you sure you want to cancel the upgrade?';

await story(async ({ page, at, shot, seen, go, barSays, canceled, bothOn }) => {
  await at('view-details').click();
  await barSays('PAUSED', 'Phase 1');
  await at('phases').waitFor();
  assert.equal(await at('phases').locator('li').count(), 4);
  await at('cancel-upgrade').click();
  const answer = await at('cancel-no-effect').innerText();
  assert.match(answer, /Phase 1/);
  assert.match(answer, /Phase 2/, 'it says when a cancel will work');
  assert.equal(await at('cancel-warning').count(), 0, 'where nothing happens there is nothing to warn of');
  await shot('phase-1-no-effect');
  await at('cancel-keep').click();
  await barSays('PAUSED', 'Phase 1');
  seen('in Phase 1 the press has no effect, and says why and when it will have one');

  await at('resume').click();
  await barSays('PAUSED', 'Phase 3');
  await page.waitForFunction(() =>
    [1, 2].every((number) => document.querySelector(`[data-testid=phase-${number}]`)?.textContent?.includes('100 %')),
  );
  await shot('phase-3');
  seen('Phases 1 and 2 are at 100 %');

  await at('cancel-upgrade').click();
  await at('cancel-dialog').waitFor();
  assert.equal((await at('cancel-warning').innerText()).trim(), WARNING);
  await at('cancel-reason-SLOWING_HOST_IO').check();
  await at('cancel-remedy').waitFor();
  await at('remedy-insist').click();
  await shot('phase-3-cancel');
  seen('the warning to the letter, and a gentler way before the cancel');

  await at('cancel-confirm').click();
  await canceled();
  await go('Overview');
  await bothOn('1.2.2');
  await shot('phase-3-back');
  seen('CANCELED, and 1.2.2 on both controllers, both ONLINE');
});
