import { describe, expect, test } from 'vitest';
import { pauseMillis, sleep } from '../src/api/backoff';
import { AnswerLost, Client, NoAnswer, Refused } from '../src/api/client';

type Answer = Response | Error;

/** A client whose server gives the answers in turn, and whose clock moves only by its pauses. */
function rig(...answers: (() => Answer)[]) {
  const sent: { method: string; path: string; headers: Record<string, string>; body: unknown }[] = [];
  const pauses: number[] = [];
  let signedOut = 0;
  let now = 0;
  const client = new Client({
    fetch: (async (path: string, init: RequestInit) => {
      sent.push({ method: init.method!, path, headers: init.headers as Record<string, string>, body: init.body });
      const next = answers[Math.min(sent.length, answers.length) - 1]!();
      if (next instanceof Error) throw next;
      return next;
    }) as typeof fetch,
    sleep: async (millis) => {
      pauses.push(millis);
      now += millis;
    },
    now: () => now,
    onSignedOut: () => signedOut++,
  });
  return { client, sent, pauses, signedOut: () => signedOut };
}

const ok = (body: unknown) => () => new Response(JSON.stringify(body), { status: 200 });
const refused = () => new TypeError('connection refused');
const problem = (status: number, code: string, more = {}) => () =>
  new Response(JSON.stringify({ status, code, title: code, detail: `${code}!`, ...more }), { status });

describe('while controllers change over', () => {
  test('a GET goes on until somebody answers', async () => {
    const { client, sent, pauses } = rig(refused, problem(503, 'NO_ACTIVE'), () => new Response('', { status: 502 }), ok({ name: 'harbor' }));
    expect(await client.appliance()).toEqual({ name: 'harbor' });
    expect(sent).toHaveLength(4);
    expect(pauses).toEqual([200, 400, 800]);
  });

  test('patience has an end', async () => {
    const { client, pauses } = rig(refused);
    await expect(client.appliance({ patienceMillis: 4_000 })).rejects.toThrow(NoAnswer);
    expect(pauses).toEqual([200, 400, 800, 1_600]);
  });

  test('no patience is one attempt', async () => {
    const { client, sent } = rig(refused);
    await expect(client.upgrade({ patienceMillis: 0 })).rejects.toThrow(NoAnswer);
    expect(sent).toHaveLength(1);
  });

  test('a change is not sent twice when its answer was lost', async () => {
    const { client, sent } = rig(refused, ok({}));
    await expect(client.createVolume('a', 1024)).rejects.toThrow(AnswerLost);
    expect(sent).toHaveLength(1);
  });

  test('a change that no controller took is sent again', async () => {
    const { client, sent } = rig(problem(503, 'NO_ACTIVE'), ok({ name: 'a' }));
    expect(await client.createVolume('a', 1024)).toEqual({ name: 'a' });
    expect(sent).toHaveLength(2);
  });

  test('a cancel is repeated as it was: upgrade and revision make it safe', async () => {
    const { client, sent } = rig(refused, ok({ outcome: 'STARTED', detail: '' }));
    const request = { upgradeId: 'u', revision: 7, reason: null, comment: null, acceptDisruption: false, whenPossible: false };
    expect(await client.cancel(request)).toMatchObject({ outcome: 'STARTED' });
    expect(sent.map((one) => one.body)).toEqual([JSON.stringify(request), JSON.stringify(request)]);
  });

  test('another 503 is an answer', async () => {
    const { client, sent } = rig(problem(503, 'CHASSIS_ABSENT'));
    await expect(client.startUpgrade({ version: '1.2.2' })).rejects.toMatchObject({ code: 'CHASSIS_ABSENT' });
    expect(sent).toHaveLength(1);
  });
});

describe('answers', () => {
  test('a refusal carries its problem', async () => {
    const preview = { revision: 8 };
    const { client } = rig(problem(409, 'REVISION_CHANGED', { cancel: preview }));
    const error = await client.withdrawCancel().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).problem.cancel).toEqual(preview);
    expect((error as Refused).message).toBe('REVISION_CHANGED!');
  });

  test('only a controller’s own 401 signs out', async () => {
    const real = rig(problem(401, 'NOT_SIGNED_IN'));
    await expect(real.client.appliance()).rejects.toThrow(Refused);
    expect(real.signedOut()).toBe(1);
    const other = rig(() => new Response('<html>', { status: 401 }));
    await expect(other.client.appliance()).rejects.toThrow(Refused);
    expect(other.signedOut()).toBe(0);
    const down = rig(refused);
    await expect(down.client.appliance()).rejects.toThrow(NoAnswer);
    expect(down.signedOut()).toBe(0);
  });

  test('an empty answer is nothing', async () => {
    const { client } = rig(() => new Response(null, { status: 204 }));
    expect(await client.removeHost('a')).toBeUndefined();
  });
});

describe('requests', () => {
  test('changes carry the proof header, names are escaped', async () => {
    const { client, sent } = rig(ok({}));
    await client.resizeVolume('a/b c', 1024);
    expect(sent[0]).toMatchObject({ method: 'PATCH', path: '/api/v1/volumes/a%2Fb%20c' });
    expect(sent[0]!.headers['X-Bascule']).toBe('console');
    expect(sent[0]!.headers['Content-Type']).toBe('application/json');
    await client.volumes();
    expect(sent[1]!.headers['X-Bascule']).toBeUndefined();
  });

  test('a package goes as it is', async () => {
    const { client, sent } = rig(ok({ version: '1.2.2' }));
    const file = new Blob(['x']);
    await client.addPackage(file);
    expect(sent[0]!.body).toBe(file);
    expect(sent[0]!.headers['Content-Type']).toBe('application/octet-stream');
  });

  test('signing in is beside the API', async () => {
    const { client, sent } = rig(() => new Response(null, { status: 204 }));
    await client.signIn('abc');
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/sign-in', body: '{"code":"abc"}' });
  });
});

test('pauses grow from 200 ms to 2 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1_000].map(pauseMillis)).toEqual([200, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
});

test('a pause ends when it is told to', async () => {
  const stop = new AbortController();
  const pause = sleep(60_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(pause).rejects.toThrow('enough');
});
