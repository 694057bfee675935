/** A change by the lines that it adds to each file; the key is the path. */
export type AddedText = Readonly<Record<string, readonly string[]>>;

/** What one rule must find, and what looks like it and must not be found. */
export interface RuleCase {
  readonly triggers: readonly AddedText[];
  readonly passes: readonly AddedText[];
}

const ts = (...lines: readonly string[]): AddedText => ({ 'src/a.ts': lines });
const python = (...lines: readonly string[]): AddedText => ({ 'app/a.py': lines });
const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `export const v${index} = ${index};`);

// Put together, so that scanners of this repository do not take the cases for what they imitate.
const KEY = `-----BEGIN RSA ${'PRIVATE'} KEY-----`;
const AWS = 'AKIA'.concat('Q3EGRIXZ5TPL7WNM');
const LITERAL = 'hunter2-'.concat('hunter2');
const NOTE = 'TO'.concat('DO');

/** For each rule of rules.ts; the test walks both tables, so that no rule goes without. */
export const ruleCases: Readonly<Record<string, RuleCase>> = {
  'conflict-marker': {
    triggers: [ts('<<<<<<< HEAD'), { 'README.md': ['>>>>>>> feature'] }],
    passes: [{ 'README.md': ['Title', '=======', '<<<<<<<<<<'] }, ts('  const marker = "<<<<<<< HEAD";')],
  },
  secret: {
    triggers: [
      { 'deploy/key.pem': [KEY] },
      ts(`const key = "${KEY}\\nMIIEpAIBAAKCAQEA";`),
      { 'notes.md': [`aws id ${AWS}`] },
      ts(`const password = '${LITERAL}';`),
      { 'config.yaml': [`api_key: "${LITERAL}"`] },
      ts(`const apiKey: string = '${LITERAL}';`),
      // Base64 holds slashes and is no path, a key may name a section, and a path may stand on the same line.
      ts(`const secret = '${'wJalrXUtnFEMI/K7MDENG'.concat('/bPxRfiCY')}';`),
      { 'config.yaml': [`"db/password": "${LITERAL}"`] },
      ts(`const at = { path: '/login', password: '${LITERAL}' };`),
    ],
    passes: [
      ts(`if (text.includes('${KEY}')) refuse();`, "const password = process.env['PASSWORD'];"),
      ts('const pem = "-----BEGIN PUBLIC KEY-----";', "const id = 'AKIAIOSFODNN7EXAMPLE';"),
      ts("const label = { password: 'Enter-your-password-2' };", "if (token === 'abcdef123456') return;"),
      ts("const tokenName = 'session2-token';", "input.type = 'password';", 'const secret = `${prefix}12345678`;'),
      { 'test/login.test.ts': [`const password = '${LITERAL}';`] },
      { 'config.yaml': ['password: "${env:DB_PASSWORD_1}"'] },
      { 'generated/bus.gen.ts': ["    '/transports/1/sasl/password': 'capabilities.yaml:11:71',"] },
      ts("  '#/definitions/password': 'shorter-than-8',", "const password = 'capabilities.yaml:11:71';"),
      { 'config.yaml': ['password: "./secrets/db1"', 'token: "secrets/token1.json"', "secret: 'C:\\run\\db1'"] },
    ],
  },
  'focused-test': {
    triggers: [
      { 'test/a.test.ts': ["it.only('works', () => {"] },
      { 'test/a.test.ts': ["describe.concurrent.only('a', () => {"] },
      { 'test/a.test.ts': ["  fdescribe('a', () => {"] },
    ],
    passes: [
      { 'test/a.test.ts': ["it('takes it.only for granted', () => {", "// it.only('x')"] },
      ts("query.only('name');", 'model.fit(data);'),
      python('test.only(x)'),
    ],
  },
  debugger: {
    triggers: [
      ts('  debugger;'),
      ts('if (x) { debugger }'),
      python('    import pdb; pdb.set_trace()'),
      { 'a.rb': ['  binding.pry'] },
    ],
    passes: [
      ts("import debuggerOf from 'debugger';", 'const debugger1 = 1;', '// debugger;'),
      python('log("breakpoint()")'),
    ],
  },
  'dynamic-code': {
    triggers: [ts('return eval(text);'), ts("const f = new Function('a', body);"), python('x = eval(source)')],
    passes: [
      ts("await page.$eval('a', (a) => a.href);", 'redis.eval(script);', 'function eval(node: Node): Value {'),
      ts("throw new Error('eval() is not allowed');", '// never eval(text)', 'const f: Function = g;'),
      python('ast.literal_eval(text)', 'model.eval()', 'def eval(self):'),
      { 'test/a.test.ts': ['expect(eval(source)).toBe(1);'] },
    ],
  },
  'shell-interpolation': {
    triggers: [
      ts('exec(`git log ${branch}`);'),
      ts("const out = execSync('rm -rf ' + folder);"),
      ts('cp.exec(`tar xf ${file}`, done);'),
      ts('spawn(`ls ${folder}`, { shell: true });'),
      python('os.system(f"rm -rf {folder}")'),
      python('subprocess.run("ls %s" % folder, shell=True)'),
      { 'a.rb': ['system("rm #{file}")'] },
      { 'a.go': ['exec.Command("sh", "-c", "rm "+file)'] },
    ],
    passes: [
      ts("execSync('git status');", "execFile('git', ['log', branch]);", 'const m = pattern.exec(`${name}:`);'),
      ts("spawn('ls', [folder], { shell: false });", 'execSync(`git fetch ${REMOTE}`);', 'await $`rm ${file}`;'),
      python('subprocess.run(["rm", folder])', 'os.system("clear")', 'subprocess.run(f"{tool}", check=True)'),
    ],
  },
  'sql-interpolation': {
    triggers: [
      ts("db.query(`SELECT * FROM users WHERE name = '${name}'`);"),
      ts("const sql = 'DELETE FROM users WHERE id = ' + id;"),
      ts('db.query("UPDATE users SET name = \'" + user.name + "\'");'),
      python('cursor.execute(f"SELECT * FROM users WHERE id = {user_id}")'),
      python('cursor.execute("SELECT * FROM users WHERE id = %s" % user_id)'),
      { 'a.php': ['$db->query("SELECT * FROM users WHERE id = $id");'] },
      { 'A.java': ['st.executeQuery("SELECT * FROM users WHERE id = " + id);'] },
    ],
    passes: [
      ts("db.query('SELECT * FROM users WHERE name = ?', [name]);", 'sql`SELECT * FROM users WHERE id = ${id}`;'),
      ts('db.query(`SELECT * FROM ${TABLE}`);', 'db.query(`SELECT * FROM t WHERE id IN (${placeholders})`, ids);'),
      ts(
        "const q = 'SELECT a ' + 'FROM users';",
        'label(`Select the entry ${name}`);',
        'log(`Update of ${name} failed`);',
      ),
      python('cursor.execute("SELECT * FROM users WHERE id = %s", (user_id,))'),
      { 'test/db.test.ts': ['db.query(`DELETE FROM ${table}`);'] },
    ],
  },
  'empty-catch': {
    triggers: [
      ts('try { f(); } catch (error) {}'),
      ts('} catch {', '}'),
      ts('save().catch(() => {});'),
      { 'A.java': ['} catch (IOException e) {', '}'] },
      python('except Exception as error:', '    pass'),
      python('except: pass'),
    ],
    passes: [
      ts('} catch {', '  // The file may be gone already.', '}'),
      ts('} catch { /* gone already */ }', 'save().catch(() => { count += 1; });', 'catch (e) {', '  throw e;'),
      python('except Exception:', '    return None', 'except KeyError:', '    pass'),
      python('except Exception:  # the cache is optional', '    pass'),
    ],
  },
  'suppressed-check': {
    triggers: [
      ts('// @ts-ignore'),
      ts('/* eslint-disable */'),
      ts('// eslint-disable-next-line no-eval'),
      python('import x  # noqa'),
      { 'a.go': ['x() //nolint'] },
    ],
    passes: [
      ts('// @ts-expect-error: the types of the library are wrong', "const flag = '@ts-ignore';"),
      python('import x  # noqa: F401', 'y = x()  # type: ignore[call-arg]'),
      ts('// eslint-disable-next-line no-eval -- the sandbox has no other way'),
      { 'a.go': ['x() //nolint:errcheck // closing a file that was read'] },
    ],
  },
  'lockfile-mismatch': {
    triggers: [
      { 'package-lock.json': ['    "node_modules/a": {'] },
      { 'package.json': ['    "argon2": "^0.41.1",'] },
      { 'web/package-lock.json': ['{}'], 'package.json': ['  "scripts": {}'] },
      { 'Cargo.toml': ['serde = { version = "1", features = ["derive"] }'] },
      { 'go.mod': ['\tgithub.com/lib/pq v1.10.9'] },
    ],
    passes: [
      { 'package.json': ['    "argon2": "^0.41.1",'], 'package-lock.json': ['    "node_modules/argon2": {'] },
      { 'packages/a/package.json': ['    "argon2": "^0.41.1",'], 'pnpm-lock.yaml': ['  argon2: 0.41.1'] },
      { 'package.json': ['  "version": "1.2.3",', '    "node": ">=20"', '    "test": "vitest run"'] },
      { 'Cargo.toml': ['version = "1.2.3"', 'edition = "2021"'] },
    ],
  },
  'bulky-file': {
    triggers: [{ 'src/big.ts': lines(1001) }, { 'dist/app.js': ['x'] }, { 'public/app.min.js': ['x'] }],
    passes: [{ 'src/big.ts': lines(1000) }, { 'package-lock.json': lines(5000) }, { 'src/distance.ts': ['x'] }],
  },
  'debug-print': {
    triggers: [
      ts("console.log('here', user);"),
      { 'a.rs': ['let x = dbg!(y);'] },
      { 'A.java': ['System.out.println(x);'] },
    ],
    passes: [
      ts("console.error('failed');", "const text = 'console.log(x)';", '// console.log(x);'),
      {
        'test/a.test.ts': ['console.log(x);'],
        'scripts/build.ts': ['console.log(x);'],
        'src/cli.ts': ['console.log(x);'],
      },
    ],
  },
  'unfinished-note': {
    triggers: [
      ts(`// ${NOTE}: handle errors`),
      python(`x = 1  # ${NOTE} later`),
      ts('/*', ` * ${NOTE} say why`, ' */'),
    ],
    passes: [
      ts(`const title = '${NOTE} list';`, `const ${NOTE} = 1;`, '// todos are shown here'),
      { 'README.md': [NOTE] },
    ],
  },
  'untested-change': {
    triggers: [ts(...lines(5)), { 'src/a.ts': lines(9), 'docs/a.md': lines(9) }],
    passes: [
      ts(...lines(4)),
      { 'src/a.ts': lines(9), 'src/a.test.ts': ['x'] },
      { 'docs/a.md': lines(9) },
      { 'src/a.rs': lines(9) },
    ],
  },
};
