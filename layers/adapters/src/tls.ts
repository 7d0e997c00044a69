import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { AdapterError } from './errors.ts';

export interface TlsOptions {
  /** Certificates of the authorities to trust, as PEM; without them, those of the system. */
  readonly ca?: string;
  /** The name that certificates must have, if servers are reached by other names or addresses. */
  readonly serverName?: string;
}

/** True: the system's certificate authorities, and the host name of the connection. */
export type Tls = boolean | TlsOptions;

/** Always verifies the chain: it overrides NODE_TLS_REJECT_UNAUTHORIZED and drivers' defaults. */
export function verifiedTls(tls: true | TlsOptions): ConnectionOptions {
  const { ca, serverName } = tls === true ? {} : tls;
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/**
 * For servers that are discovered by address: their certificate must have a name that the operator
 * configured, or the address itself.
 */
export function verifiedByNames(tls: true | TlsOptions, names: readonly string[]): ConnectionOptions {
  const verified = verifiedTls(tls);
  if (verified.servername !== undefined) return verified;
  return {
    ...verified,
    checkServerIdentity: (address: string, certificate: PeerCertificate) => {
      if (names.some((name) => checkServerIdentity(name, certificate) === undefined)) return undefined;
      return checkServerIdentity(address, certificate);
    },
  };
}

/** The errors of OpenSSL and Node for an invalid certificate. */
const REFUSALS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate is revoked',
  CERT_REJECTED: 'the certificate is rejected',
  CERT_SIGNATURE_FAILURE: 'the signature of the certificate is wrong',
  CERT_UNTRUSTED: 'the certificate is not trusted',
  CERT_CHAIN_TOO_LONG: 'the chain of certificates is too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself, and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an authority that is not trusted',
  INVALID_CA: 'the certificate is signed by one that is no authority',
  INVALID_PURPOSE: 'the certificate is not meant for servers',
  HOSTNAME_MISMATCH: 'the certificate bears another name',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate bears another name',
};

/**
 * The reason why a certificate was refused. Null if the error and its causes are of another kind.
 */
function refusalOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, message, cause, errors, innerErrors } = error as Partial<NodeJS.ErrnoException> & {
    readonly errors?: readonly unknown[];
    readonly innerErrors?: Readonly<Record<string, unknown>>;
  };
  const reason = REFUSALS[code ?? ''];
  if (reason !== undefined) return `${reason} (${code}: ${message?.split('\n')[0]})`;
  for (const each of [cause, ...(errors ?? []), ...Object.values(innerErrors ?? {})]) {
    const refusal = refusalOf(each);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** The error for a server whose certificate was refused; null if the cause is of another kind. */
export function certificateRefused(operation: string, cause: unknown): AdapterError | null {
  const received = refusalOf(cause);
  if (received === null) return null;
  return new AdapterError(
    'BIFOLD_CERTIFICATE_REFUSED',
    {
      failed: `${operation} failed; nothing was sent`,
      received,
      allowed: 'a valid certificate that bears the name of the server, signed by a trusted authority',
      remedy: 'name the authority and the server as they are configured; if they are, another server answers there',
    },
    { cause },
  );
}
