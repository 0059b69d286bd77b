// Fails when what a page loads is larger than it may be (gzip). Reads dist: run it after the build.
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** Kilobytes (1000 bytes) that each page may load at most: its HTML, scripts, styles and workers. */
const LIMITS = {
  'index.html': 150,
  'login.html': 60,
  'account.html': 80,
  'admin.html': 180,
  'audit.html': 120,
  'incidents.html': 180,
  'queue.html': 180,
  'wall.html': 290,
}

const dist = new URL('../dist/', import.meta.url)
let failed = false

for (const [page, limit] of Object.entries(LIMITS)) {
  if (!existsSync(new URL(page, dist))) {
    console.error(`dist/${page} is not there: run npm run build`)
    process.exit(1)
  }
  const files = new Set()
  collect(page, files)
  let total = 0
  for (const file of files) {
    const size = gzipSync(readFileSync(new URL(file, dist))).length
    total += size
    console.log(`${(size / 1000).toFixed(1).padStart(8)} KB  ${file}`)
  }
  const line = `${(total / 1000).toFixed(1).padStart(8)} KB  ${page} in all, of ${limit} KB`
  if (total > limit * 1000) {
    console.error(`${line}: too large`)
    failed = true
  } else console.log(line)
}
process.exit(failed ? 1 : 0)

/** A file and all scripts and styles that it names, and those that they name. */
function collect(file, files) {
  if (files.has(file)) return
  files.add(file)
  if (!/\.(html|js)$/.test(file)) return
  const text = readFileSync(new URL(file, dist), 'utf8')
  for (const [, name] of text.matchAll(/(?:assets\/|\.\/)([\w.-]+\.(?:js|css))/g)) {
    if (existsSync(new URL(`assets/${name}`, dist))) collect(`assets/${name}`, files)
  }
}
