// The story of a volume's snapshots. It begins while a host is logged in; once the clone is there, that host goes.
import assert from 'node:assert/strict';
import { story } from './console.mjs';

await story(async ({ page, at, shot, seen, go }) => {
  const button = (name) => page.getByRole('button', { name, exact: true });
  await go('Volumes');
  await at('open-db').click();
  await at('snapshot-second').waitFor();
  await at('snapshot-first').waitFor();

  await button('Roll back second').click();
  assert.match(await at('rollback').innerText(), /What was written to it since is lost, for good/);
  assert.ok(await at('rollback-submit').isDisabled(), 'the volume is named before its data is given up');
  await at('rollback-name').fill('db');
  await at('rollback-submit').click();
  assert.match(await at('error').innerText(), /in use.*logged in/);
  await shot('snapshots-refused');
  seen('a rollback is refused while a host is logged in, with the reason');
  await button('Close').last().click();

  await at('take-snapshot').click();
  assert.match(await at('snapshot-name').inputValue(), /^\d{4}-\d\d-\d\d-\d{4}$/);
  await at('snapshot-name').fill('third.1');
  await at('snapshot-submit').click();
  await at('snapshot-third.1').waitFor();
  await button('Clone third.1').click();
  await page.waitForFunction(() => document.querySelector('[data-testid=clone-name]')?.value === 'db-copy');
  await at('clone-submit').click();
  await at('clone-submit').waitFor({ state: 'detached' });
  seen('a snapshot is taken and cloned');

  await button('Roll back second').click();
  await at('rollback-name').fill('db');
  // It is refused until the host, which goes now, is gone.
  const refusedUntil = Date.now() + 60_000;
  while (await at('rollback').isVisible()) {
    assert.ok(Date.now() < refusedUntil, 'the rollback is accepted once the host is gone');
    await at('rollback-submit').click({ timeout: 5_000 });
    await page.waitForFunction(() => {
      const submit = document.querySelector('[data-testid=rollback-submit]');
      return !submit || !submit.disabled;
    });
  }
  seen('rolled back once the host is gone');

  await button('Delete third.1').click();
  assert.match(await at('snapshot-delete').innerText(), /clones of the snapshot, stay/);
  await at('snapshot-delete-submit').click();
  await at('snapshot-third.1').waitFor({ state: 'detached' });
  await shot('snapshots');
  await go('Volumes');
  await at('volume-db-copy').waitFor();
  seen('deleted; the clone stays');
});
