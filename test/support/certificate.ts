// A certificate for this machine, made on the spot.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes key.pem and cert.pem in the folder. False where openssl is not installed. */
export function makeCertificate(folder: string): boolean {
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
