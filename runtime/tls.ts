import { readFileSync } from 'node:fs';

/** What secures a connection: paths of PEM files, or the PEM texts themselves. */
export interface TlsConfig {
  /** Whom to trust to have signed the broker's certificate, instead of those that Node trusts. */
  readonly ca?: string;
  /** The certificate of this client, where the broker asks for one, and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the broker's certificate is for, where it is not the name that it is reached by. */
  readonly servername?: string;
}

/** Whether a connection is secured, and by what. */
export type TlsSetting = boolean | TlsConfig;

/** What `tls.connect` takes. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/**
 * Reads the files that a setting names, whose paths are relative to the working folder; undefined where nothing is secured.
 *
 * @throws Error that names the setting and the file which cannot be read
 */
export function readTls(setting: TlsSetting | undefined): TlsOptions | undefined {
  if (setting === undefined || setting === false) return undefined;
  if (setting === true) return {};
  const { servername, ...files } = setting;
  const texts = Object.entries(files).map(([name, value]) => [name, readPem(name, value)]);
  return { ...Object.fromEntries(texts), ...(servername !== undefined && { servername }) };
}

function readPem(name: string, value: string): string {
  if (value.trimStart().startsWith('-----BEGIN ')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new Error(`tls.${name} names ${value}, which cannot be read${reason}; give a PEM file or its text.`, {
      cause,
    });
  }
}
