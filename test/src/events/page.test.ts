import { execFile, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createChain } from '../../../src/events/chain.js';
import { pageText } from '../../../src/events/page.js';
import { CORRELATION, logged, request, sampleChain } from '../../support/logged-chain.js';
import { createScratch } from '../../support/scratch.js';

const HOSTILE = `"><script>document.title='owned'</script><img src=x onerror="document.title='owned'">\u202e\u001b[2J&amp;`;

/** A chain in which everything that a log may hold is markup. */
function hostilePage(): string {
  const call = { ...request('m1', HOSTILE, HOSTILE, HOSTILE), payload: { [HOSTILE]: HOSTILE } };
  const end = { ...call, status: 'error', code: HOSTILE, reason: HOSTILE, payload: undefined, payloadStart: HOSTILE };
  const id = `c${HOSTILE}`;
  return pageText([createChain(id, [logged(0, 'a', 'sent', call), logged(9, 'a', 'settled', end)])]);
}

/** The text of the page's markup, without what its texts and attributes hold. */
function tagsOf(page: string): string[] {
  return [...page.replace(/<style>[\s\S]*<\/style>/, '').matchAll(/<\/?([a-z0-9]+)/g)].map((match) => match[1] ?? '');
}

describe('the page of a chain', () => {
  it('has every call, its outcome and what became of it', () => {
    const page = pageText([createChain(CORRELATION, sampleChain())]);
    for (const text of ['review-pr', 'timeout', 'no answer: timeout after 2 s', 'no log of linter is here']) {
      expect(page).toContain(text);
    }
    expect(page).toContain('&quot;prUrl&quot;: &quot;https://example.com/1&quot;');
  });

  it('fetches nothing and runs nothing', () => {
    const page = pageText([createChain(CORRELATION, sampleChain())]);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed)|\son[a-z]+=|url\(|@import|\ssrc=|\shref=/i);
  });

  it('shows markup and what acts as text', () => {
    const page = hostilePage();
    expect(tagsOf(page)).not.toContain('script');
    expect(tagsOf(page)).not.toContain('img');
    for (const acting of ['\u001b', '\u202e']) expect(page).not.toContain(acting);
    expect(page).toContain('&amp;amp;');
  });

  it('says so when there is nothing', () => {
    expect(pageText([])).toContain('There is no event to show.');
  });
});

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

const NO_CHROMIUM = 'The page is not tested in a browser: this machine lacks Chromium; run "apt-get install chromium".';
if (CHROMIUM === undefined) console.warn(NO_CHROMIUM);

describe.skipIf(CHROMIUM === undefined)('the page in Chromium', () => {
  /** What Chromium makes of a page, as HTML. */
  async function domOf(page: string): Promise<string> {
    const folder = createScratch();
    const file = path.join(folder, 'page.html');
    writeFileSync(file, page);
    const flags = [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      ...[
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${folder}/profile`,
        '--virtual-time-budget=500',
      ],
    ];
    const { stdout } = await promisify(execFile)(CHROMIUM ?? '', [...flags, '--dump-dom', `file://${file}`]);
    return stdout;
  }

  it('is read as it was written, and nothing of a log runs', async () => {
    expect(execFileSync(CHROMIUM ?? '', ['--version'], { encoding: 'utf8' })).toMatch(/chrom/i);
    const dom = await domOf(hostilePage());
    expect(dom).not.toContain('<title>owned</title>');
    expect(tagsOf(dom)).not.toContain('script');
    expect(tagsOf(dom).filter((tag) => tag === 'tr')).toHaveLength(4);
  });

  it('would run a script if one got in, were it not for the policy', async () => {
    const script = "<script>document.title='owned'</script></body>";
    const page = pageText([createChain(CORRELATION, sampleChain())]).replace('</body>', script);
    expect(await domOf(page)).not.toContain('<title>owned</title>');
    const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
    expect(await domOf(open)).toContain('<title>owned</title>');
  });
});
