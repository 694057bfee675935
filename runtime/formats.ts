// The `format` checks that generated validators import: every format name of ajv-formats, asserted as JSON Schema
// 2020-12 section 7.3 says. Two rules hold throughout. No check takes more than linear time. And no check throws:
// repeated alternations, such as (?:[a-z]|%41)*, overflow V8's backtrack stack on strings of some 10 MB, so what may
// be that long is searched for its first wrong character instead of being matched as a whole.
import { domainToUnicode } from 'node:url';

/** A format of strings. */
export type StringFormat = (value: string) => boolean;

/** A format of numbers, in the form in which ajv's standalone code calls it. */
export interface NumberFormat {
  readonly type: 'number';
  readonly validate: (value: number) => boolean;
}

export type NumberFormatName = 'int32' | 'int64' | 'float' | 'double';

export type StringFormatName =
  | 'date'
  | 'time'
  | 'date-time'
  | 'iso-time'
  | 'iso-date-time'
  | 'duration'
  | 'uri'
  | 'uri-reference'
  | 'uri-template'
  | 'url'
  | 'email'
  | 'hostname'
  | 'ipv4'
  | 'ipv6'
  | 'regex'
  | 'uuid'
  | 'json-pointer'
  | 'json-pointer-uri-fragment'
  | 'relative-json-pointer'
  | 'byte'
  | 'password'
  | 'binary';

/** The checks by the names of their formats. */
export type FormatTable = Readonly<Record<StringFormatName, StringFormat> & Record<NumberFormatName, NumberFormat>>;

const matches =
  (pattern: RegExp): StringFormat =>
  (value) =>
    pattern.test(value);

// RFC 3339 section 5.6 and appendix C: a date of the Gregorian calendar, extended to all four-digit years.
function date(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const year = +value.slice(0, 4);
  const month = +value.slice(5, 7);
  const day = +value.slice(8);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  // The months with 31 days are the odd ones up to July, and the even ones from August on.
  const days = month === 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  return month >= 1 && month <= 12 && day >= 1 && day <= days;
}

const ISO_TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:z|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?$/i;

// The time of RFC 3339, or one with the looser offsets of ISO 8601: +hh, +hhmm, or none.
function isoTime(value: string): boolean {
  const [, hour = '', minute = '', second, sign, offsetHour = 0, offsetMinute = 0] = ISO_TIME.exec(value) ?? [];
  if (second !== '60') return second !== undefined;
  // RFC 3339 section 5.7: a leap second is the last one of a day in UTC. Without an offset, the time counts as UTC.
  const offset = +offsetHour * 60 + +offsetMinute;
  const utc = +hour * 60 + +minute + (sign === '-' ? offset : -offset);
  return (utc + 1) % 1440 === 0;
}

const time: StringFormat = (value) => /(?:z|[+-]\d\d:\d\d)$/i.test(value.slice(-6)) && isoTime(value);

const dateTime: StringFormat = (value) =>
  date(value.slice(0, 10)) && /^t/i.test(value.slice(10, 11)) && time(value.slice(11));

const isoDateTime: StringFormat = (value) =>
  date(value.slice(0, 10)) && /^[t ]/i.test(value.slice(10, 11)) && isoTime(value.slice(11));

// RFC 3339 appendix A: weeks stand alone, and no unit may be left out between two others.
const DURATION =
  /^P(?:\d+W|(?=[\dT])(?!\d+Y\d+D)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?!\d+H\d+S)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/;

// RFC 2673 section 3.2, without leading zeros (RFC 3986 section 3.2.2).
const ipv4 = matches(/^(?:(?:25[0-5]|(?:2[0-4]|1\d|[1-9])?\d)(?:\.(?!$)|$)){4}$/);

// How many 16-bit groups one side of a `::` holds; NaN, which no comparison accepts, when it is malformed.
function groups(side: string): number {
  if (side === '') return 0;
  return /^[\da-f]{1,4}(?::[\da-f]{1,4}){0,7}$/i.test(side) ? side.split(':').length : Number.NaN;
}

// RFC 4291 section 2.2.
function ipv6(value: string): boolean {
  if (value.length > 45) return false;
  const tail = value.lastIndexOf(':') + 1;
  const dotted = ipv4(value.slice(tail));
  const [head = '', rest, extra] = (dotted ? `${value.slice(0, tail)}0:0` : value).split('::');
  if (extra !== undefined) return false;
  return rest === undefined ? groups(head) === 8 : groups(head) + groups(rest) < 8;
}

// Letters of the scripts written from right to left: the ranges that Unicode reserves for them, less digits.
const RTL = '\\u05d0-\\u065f\\u066a-\\u06ef\\u06fa-\\u08ff\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}';

// RFC 5892: what no U-label may hold, or may not hold in that place. CWKCF (the unstable and the ignorable) and the
// ranges (old Hangul Jamo and ignorable blocks) are sections 2.2 to 2.9, the other code points are the exceptions of
// section 2.6. Middle dot, keraia, geresh, gershayim and Katakana middle dot follow appendices A.3 to A.7.
const BAD_U_LABEL: readonly RegExp[] = [
  /[^\p{L}\p{Nd}\p{Mn}\p{Mc}\-\u06fd\u06fe\u0f0b\u3007\xb7\u0375\u05f3\u05f4\u30fb\u200c\u200d]/u,
  /(?![\xdf\u03c2\u200c\u200d])\p{CWKCF}|[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u,
  /[\u20d0-\u20ff\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\u{1d100}-\u{1d24f}]/u,
  /(?<!l)\xb7|\xb7(?!l)|\u0375(?!\p{sc=Greek})|(?<!\p{sc=Hebrew})[\u05f3\u05f4]/u,
  /^(?!.*[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}]).*\u30fb/u,
  // RFC 5893 section 2: these letters, and Arabic digits, need a label that starts with such a letter and that holds no
  // letter of the other direction. Arabic digits do not mix with others (RFC 5892 A.8 and A.9).
  new RegExp(`^(?![${RTL}]).*(?!\\p{Mn})[${RTL}\\u0660-\\u0669]|^[${RTL}].*(?![${RTL}])[\\p{L}\\p{Mc}]`, 'u'),
  /[\u0660-\u0669].*[\d\u06f0-\u06f9]|[\d\u06f0-\u06f9].*[\u0660-\u0669]/u,
  // RFC 5891 sections 4.2.3.1 and 4.2.3.2, and what needed no encoding.
  /^[\p{M}-]|-$|^..--|^\p{ASCII}*$/u,
];

// RFC 5890 section 2.3.2.1: the label starts with xn-- and is the encoding of a valid U-label. Node's URL parser
// decodes it and sees to what UTS #46 shares with IDNA2008: a single encoding, form NFC, and joiners (RFC 5892
// A.1 and A.2). It answers '' when one of these is broken, which falls to the last pattern.
function aLabel(label: string): boolean {
  const decoded = domainToUnicode(label);
  return !BAD_U_LABEL.some((pattern) => pattern.test(decoded));
}

// RFC 1123 section 2.1 with the label syntax of RFC 952.
const label: StringFormat = (value) =>
  /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(value) && (!/^xn--/i.test(value) || aLabel(value));

// 253: what fits the 255 octets of RFC 1035 section 2.3.4, which count the root and each length.
const hostname: StringFormat = (value) => value.length < 254 && value.split('.').every(label);

// RFC 5321 section 4.1.2, rule Local-part. Of a quoted string, quoted pairs are removed before looking for quotes.
const localPart: StringFormat = (value) =>
  value.startsWith('"')
    ? /^"[ !#-[\]-~]*"$/.test(value.replace(/\\[ -~]/g, ''))
    : !/[^\w!#$%&'*+/=?^`{|}~.-]|^\.|\.\.|\.$|^$/.test(value);

// RFC 5321 section 4.1.3; IPv6 is the only tag registered for other address literals.
const addressLiteral: StringFormat = (value) =>
  /^\[.*\]$/.test(value) && (ipv4(value.slice(1, -1)) || (/^\[ipv6:/i.test(value) && ipv6(value.slice(6, -1))));

// RFC 5321 section 4.1.2, rule Mailbox.
function email(value: string): boolean {
  const at = value.lastIndexOf('@');
  const domain = value.slice(at + 1);
  return at > 0 && (hostname(domain) || addressLiteral(domain)) && localPart(value.slice(0, at));
}

// RFC 3986 appendix A: finds what is neither unreserved, nor a sub-delim, nor percent-encoded, nor in `more`.
const outside = (more: string): RegExp => new RegExp(`[^\\w.~!$&'()*+,;=%${more}-]|%(?![\\da-f]{2})`, 'i');

const NOT_REG_NAME = outside('');
const NOT_USERINFO = outside(':');
const NOT_PATH = outside(':@/');
const NOT_QUERY = outside(':@/?');

// RFC 3986 section 3.2.2: what stands between the brackets.
const ipLiteral: StringFormat = (value) => ipv6(value) || /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i.test(value);

// RFC 3986 section 3.2.
function authority(value: string): boolean {
  const parts = /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(value);
  if (!parts) return false;
  const [, userinfo = '', literal, name = ''] = parts;
  return (literal === undefined || ipLiteral(literal)) && !NOT_REG_NAME.test(name) && !NOT_USERINFO.test(userinfo);
}

// RFC 3986 section 4.1.
function uriReference(value: string): boolean {
  const parts = /^(?:([a-z][a-z\d+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(value) ?? [];
  const [, scheme, host = '', path = '', query = '', fragment = ''] = parts;
  // Section 4.2: without a scheme, a colon in the first segment would read as the end of one.
  if (scheme === undefined && /^[^/]*:/.test(path)) return false;
  return authority(host) && !NOT_PATH.test(path) && !NOT_QUERY.test(query) && !NOT_QUERY.test(fragment);
}

const uri: StringFormat = (value) => /^[a-z][a-z\d+.-]*:/i.test(value) && uriReference(value);

// No RFC defines this one: a URI that names a host and is of a scheme that browsers fetch.
const url: StringFormat = (value) => /^(?:https?|ftp):\/\/(?:[^/?#@]*@)?[^/?#@:]/i.test(value) && uriReference(value);

// RFC 6570 section 2.1: what no literal may hold. The apostrophe is allowed, by erratum 6937.
const BAD_LITERAL = /[\p{Cc}\p{Cs}\p{NChar}\ufff0-\ufffd\u{e0000}-\u{e0fff} "<>\\^`{|}]|%(?![\da-fA-F]{2})/u;

// RFC 6570 sections 2.3 and 2.4: what no variable list may hold, once a comma is put after it.
const BAD_VARIABLES = /[^\w%.,:*]|%(?![\da-f]{2})|(?:^|[.,])(?![\w%]|$)|\*(?!,)|:(?![1-9]\d{0,3},)/i;

// RFC 6570 section 2.2, with the operators that are reserved for extensions. An expression becomes a harmless literal,
// so that what stands around it does not join to a percent-encoding, or one that fails.
const uriTemplate: StringFormat = (value) =>
  !BAD_LITERAL.test(
    value.replace(/\{[+#./;?&=,!@|]?([^{}]*)\}/g, (_, list: string) => (BAD_VARIABLES.test(`${list},`) ? '{' : '-')),
  );

// ECMA-262 with the flag `u`, as the engine reads it. V8 takes seconds for a class of some 100,000 members, and more
// than linear time, so a pattern has a greatest length, far above that of any pattern in use.
const MAX_PATTERN = 16_384;

function regex(value: string): boolean {
  if (value.length > MAX_PATTERN) return false;
  try {
    new RegExp(value, 'u');
    return true;
  } catch {
    return false;
  }
}

// RFC 6901 section 3: `~` is followed by 0 or 1.
const jsonPointer: StringFormat = (value) => /^(?:\/|$)/.test(value) && !/~(?![01])/.test(value);

// RFC 6901 section 6: percent-decoded as UTF-8, then a pointer.
function jsonPointerUriFragment(value: string): boolean {
  if (!value.startsWith('#') || NOT_QUERY.test(value.slice(1))) return false;
  try {
    return jsonPointer(decodeURIComponent(value.slice(1)));
  } catch {
    return false;
  }
}

const always = (): boolean => true;

const numbers = (validate: (value: number) => boolean): NumberFormat => ({ type: 'number', validate });

/** The check of each format that a generated validator may name. */
export const formats: FormatTable = {
  date,
  time,
  'date-time': dateTime,
  'iso-time': isoTime,
  'iso-date-time': isoDateTime,
  duration: matches(DURATION),
  uri,
  'uri-reference': uriReference,
  'uri-template': uriTemplate,
  url,
  email,
  hostname,
  ipv4,
  ipv6,
  regex,
  uuid: matches(/^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i),
  'json-pointer': jsonPointer,
  'json-pointer-uri-fragment': jsonPointerUriFragment,
  'relative-json-pointer': (value) => /^(?:0|[1-9]\d*)(?:#?$|\/)/.test(value) && !/~(?![01])/.test(value),
  // RFC 4648 section 4: padded to groups of four, and nothing after the padding.
  byte: (value) => value.length % 4 === 0 && !/[^A-Za-z\d+/=]|=(?!=?$)/.test(value),
  password: always,
  binary: always,
  int32: numbers((value) => (value | 0) === value),
  // 2^63 itself is accepted, as the greatest int64, 2^63 - 1, parses to it.
  int64: numbers((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63),
  // A single precision number may lose digits, but not become infinite.
  float: numbers((value) => Number.isFinite(Math.fround(value))),
  double: numbers(Number.isFinite),
};
