/** A random Idempotency-Key. crypto.randomUUID exists on https and localhost only, random bytes everywhere. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
