/**
 * The local address that a log-in comes back to: a path of this site, or '/' for everything else. What a browser makes of the
 * text decides, not how it looks: //host, /\host and tabs inside lead elsewhere.
 */
export function safeReturn(text: string | null, origin: string): string {
  if (!text?.startsWith('/')) return '/'
  let url: URL
  try {
    url = new URL(text, origin)
  } catch {
    return '/'
  }
  if (url.origin !== origin || url.pathname.startsWith('//')) return '/'
  // The log-in page itself would only lead around in a circle.
  return url.pathname === '/login' ? '/' : url.pathname + url.search + url.hash
}
