// Adds up the reports of the test runners, names what failed, and ends with "N passed, N failed, N skipped".
// Usage: node count.mjs REPORT…, each a JSON report of vitest or the JSON lines of go test.
// Exits non-zero when a test failed, and when a report is missing or holds no test that ran.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

const vitestStatus = { passed: 'passed', failed: 'failed', pending: 'skipped', skipped: 'skipped', todo: 'skipped' }

/** What a failure said first, on one line. */
const firstWords = (message) => (message ?? '').split('\n', 1)[0].slice(0, 300)

/** The tests in a vitest report. A file that could not be loaded is one failure. */
function vitest(report) {
  return report.testResults.flatMap((file) =>
    file.assertionResults.length === 0 && file.status === 'failed'
      ? [{ outcome: 'failed', name: basename(file.name), why: firstWords(file.message) }]
      : file.assertionResults.map((test) => ({
          outcome: vitestStatus[test.status] ?? 'failed',
          name: `${basename(file.name)}: ${test.fullName}`,
          why: firstWords(test.failureMessages?.[0]),
        })),
  )
}

/** The tests and subtests in go test's JSON lines. A package that failed without a failing test is one failure. */
function goTest(lines) {
  const tests = []
  const broken = new Set()
  const told = new Set()
  for (const line of lines) {
    const event = line.startsWith('{') ? JSON.parse(line) : {}
    const outcome = { pass: 'passed', fail: 'failed', skip: 'skipped' }[event.Action]
    if (!outcome) continue
    if (event.Test) {
      tests.push({ outcome, name: `${event.Package} ${event.Test}`, why: '' })
      if (outcome === 'failed') told.add(event.Package)
    } else if (outcome === 'failed') {
      broken.add(event.Package)
    }
  }
  for (const name of broken) if (!told.has(name)) tests.push({ outcome: 'failed', name, why: '' })
  return tests
}

function testsOf(path) {
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  // go test's report is one object a line; vitest's is one object.
  return lines[0]?.includes('"Action"') ? goTest(lines) : vitest(JSON.parse(text))
}

const total = { passed: 0, failed: 0, skipped: 0 }
const silent = []
for (const path of process.argv.slice(2)) {
  const name = basename(path, '.json')
  let tests = []
  try {
    tests = testsOf(path)
  } catch (error) {
    console.error(`${name}: no usable report (${error.message})`)
  }
  const count = (kind) => tests.filter((test) => test.outcome === kind).length
  for (const { outcome, name: test, why } of tests)
    if (outcome === 'failed') console.log(`failed: ${test}${why && `: ${why}`}`)
  for (const kind of Object.keys(total)) total[kind] += count(kind)
  if (count('passed') + count('failed') === 0) silent.push(name)
  console.log(`${name}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
}
if (silent.length > 0) console.error(`no test ran: ${silent.join(', ')}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 || silent.length > 0 || process.argv.length < 3 ? 1 : 0
