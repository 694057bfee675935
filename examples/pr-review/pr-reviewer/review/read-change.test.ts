import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { COMMIT_RANGE, DIFF_LIMIT, readChange } from './read-change.js';
import { createScratchRepo, type ScratchRepo } from './scratch-repo.js';

const signal = new AbortController().signal;
const onWindows = process.platform === 'win32';

let outside: ScratchRepo;
let work: string;

/** The reviewer works in the folder `work` of the repository, so that there is something outside it. */
beforeEach(() => {
  outside = createScratchRepo();
  work = join(outside.folder, 'work');
  mkdirSync(work);
  vi.spyOn(process, 'cwd').mockReturnValue(work);
  outside.write('outside.patch', 'secret\n');
});
afterEach(() => {
  vi.restoreAllMocks();
  outside.remove();
});

const patch = (path: string): ReturnType<typeof readChange> => readChange({ kind: 'patch', path }, signal);
const commits = (range: string): ReturnType<typeof readChange> => readChange({ kind: 'commits', range }, signal);

describe('a patch file', () => {
  test('is read from below the working folder', async () => {
    outside.write('work/changes/a.patch', 'text\n');
    expect(await patch('changes/a.patch')).toEqual({ ok: true, text: 'text\n' });
    expect(await patch('changes/../changes/a.patch')).toEqual({ ok: true, text: 'text\n' });
    expect(await patch(join(work, 'changes/a.patch'))).toEqual({ ok: true, text: 'text\n' });
  });

  test.each([
    '../outside.patch',
    'x/../../outside.patch',
    '/etc/passwd',
    '..',
    '.',
    '',
    'changes',
    'absent.patch',
    'a\0b',
  ])('is not found at %j', async (path) => {
    mkdirSync(join(work, 'changes'));
    mkdirSync(join(work, 'x'));
    expect(await patch(path)).toMatchObject({ ok: false, code: 'DIFF_NOT_FOUND' });
  });

  test.skipIf(onWindows)('is not found through a link that leads out', async () => {
    symlinkSync('../outside.patch', join(work, 'link.patch'));
    symlinkSync('..', join(work, 'folder'));
    expect(await patch('link.patch')).toMatchObject({ code: 'DIFF_NOT_FOUND' });
    expect(await patch('folder/outside.patch')).toMatchObject({ code: 'DIFF_NOT_FOUND' });
  });

  test.skipIf(onWindows)('is found through a link that stays inside', async () => {
    outside.write('work/a.patch', 'text\n');
    symlinkSync('a.patch', join(work, 'link.patch'));
    expect(await patch('link.patch')).toEqual({ ok: true, text: 'text\n' });
  });

  test('has the same answer outside the folder, whether it is there or not', async () => {
    expect(await patch('../outside.patch')).toEqual(await patch('../absent.patch'));
  });

  test.skipIf(onWindows)('is not a pipe, and a pipe holds nobody up', async () => {
    execFileSync('mkfifo', [join(work, 'pipe')]);
    expect(await patch('pipe')).toMatchObject({ code: 'DIFF_NOT_FOUND' });
  });

  test('may be as large as the limit and no larger', async () => {
    writeFileSync(join(work, 'a.patch'), 'x'.repeat(DIFF_LIMIT));
    expect(await patch('a.patch')).toMatchObject({ ok: true });
    writeFileSync(join(work, 'a.patch'), 'x'.repeat(DIFF_LIMIT + 5));
    expect(await patch('a.patch')).toMatchObject({
      code: 'DIFF_TOO_LARGE',
      details: { bytes: DIFF_LIMIT + 5, limit: DIFF_LIMIT },
    });
  });
});

describe('a range of commits', () => {
  beforeEach(() => {
    outside.write('work/a.ts', 'a\n');
    outside.commit();
    outside.write('work/a.ts', 'b\n');
    outside.commit();
  });

  test('is read by git, whatever its settings', async () => {
    for (const setting of [
      'color.ui=always',
      'diff.external=false',
      'diff.noprefix=true',
      'diff.mnemonicPrefix=true',
    ]) {
      outside.git('config', ...(setting.split('=') as [string, string]));
    }
    const result = await commits('HEAD~1..HEAD');
    expect(result).toMatchObject({
      ok: true,
      text: expect.stringContaining('--- a/work/a.ts\n+++ b/work/a.ts\n@@ -1 +1 @@\n-a\n+b\n'),
    });
  });

  test.each(['HEAD..HEAD', 'HEAD~9..HEAD', 'nobody...HEAD'])('is not found: %s', async (range) => {
    expect(await commits(range)).toMatchObject({ code: 'DIFF_NOT_FOUND' });
  });

  test.each([
    'HEAD',
    '--output=x..y',
    '-O..x',
    'a..$(id)',
    'a..b;id',
    'a..b c',
    'a..`id`',
    'a..b\n',
    '..HEAD',
    'HEAD..',
    'a....b',
    'a..b..c',
  ])('is refused before git sees it: %j', async (range) => {
    expect(await commits(range)).toMatchObject({
      code: 'DIFF_NOT_FOUND',
      message: expect.stringContaining('two revisions'),
    });
  });

  test.each(['HEAD~1..HEAD', 'main...feature/login', 'v1.2.0..v1.3.0-rc.1', 'dependabot/npm/@types/node-20..main'])(
    'may be %s',
    (range) => {
      expect(COMMIT_RANGE.test(range)).toBe(true);
    },
  );

  test('is too large when its diff is', async () => {
    outside.write('work/b.txt', 'x\n'.repeat(DIFF_LIMIT / 2));
    outside.commit();
    expect(await commits('HEAD~1..HEAD')).toMatchObject({ code: 'DIFF_TOO_LARGE', details: { limit: DIFF_LIMIT } });
  });

  test('is given up with the call', async () => {
    const reason = AbortSignal.abort();
    await expect(readChange({ kind: 'commits', range: 'HEAD~1..HEAD' }, reason)).rejects.toThrow(/abort/i);
  });
});

test('the pattern of a range is the one of the contract', () => {
  const file = readFileSync(new URL('../capabilities.yaml', import.meta.url), 'utf8');
  const patterns = JSON.stringify(parse(file)).match(/"pattern":("(?:[^"\\]|\\.)*")/)?.[1];
  expect(JSON.parse(patterns ?? '""')).toBe(COMMIT_RANGE.source);
});
