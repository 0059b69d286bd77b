import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

const url = process.env.JINGWEI_E2E_URL
if (!url)
  throw new Error('JINGWEI_E2E_URL is not set: start a server with demo data and give its address, or run make e2e')

/** Address of the server under test, without a slash at the end. */
export const base = url.replace(/\/$/, '')
export const SIZES = {
  desk: { width: 1440, height: 900 },
  full: { width: 1920, height: 1080 },
  wall: { width: 3840, height: 2160 },
  phone: { width: 390, height: 844 },
} as const

const output = fileURLToPath(new URL('output/', import.meta.url))
mkdirSync(output, { recursive: true })

let browser: Browser
const open: BrowserContext[] = []

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // The sandbox cannot start as root; the rest keeps Chromium from calling home.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((context) => context.close()))
})
afterAll(() => browser?.close())

export interface Visit {
  page: Page
  /** What went wrong on the page: console errors and warnings, exceptions, requests to other hosts. */
  complaints: string[]
}

/** A page in a browser profile of its own: nothing is shared with other visits. */
export async function visit(
  path: string,
  options: {
    size?: keyof typeof SIZES
    /** Login of the account that the browser is logged in as; without it, nobody. */
    as?: string
    prepare?: (page: Page) => Promise<unknown>
  } = {},
): Promise<Visit> {
  const size = options.size ?? 'desk'
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    ...(size === 'phone' && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
  })
  open.push(context)
  if (options.as) await bring(context, await cookieOf(options.as))
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${base}/`) && !/^(data|blob):/.test(request.url()))
      complaints.push(`asked ${request.url()}`)
  })
  await options.prepare?.(page)
  await page.goto(base + path)
  return { page, complaints }
}

/** Waits until the map has its tiles. */
export async function mapReady(page: Page) {
  await page.locator('.leaflet-tile-loaded').first().waitFor()
  await page.getByRole('progressbar').waitFor({ state: 'detached' })
}

export async function clickMiddle(page: Page) {
  const box = await page.locator('#map').boundingBox()
  if (!box) throw new Error('the map has no size')
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
}

/** Whether something appears within a moment: what a click was to bring, where the place to click at may still move. */
export const appears = (what: Locator) =>
  what.waitFor({ timeout: 2000 }).then(
    () => true,
    () => false,
  )

export async function shot(page: Page, name: string) {
  await page.screenshot({ path: `${output}${name}.png` })
}

export const DEMO_PASSWORD = 'Jingwei-Demo-2026'

/** Gives a browser a session's cookie. */
export async function bring(context: BrowserContext, cookie: string) {
  const [name, value] = cookie.split('=') as [string, string]
  await context.addCookies([{ name, value, url: base, httpOnly: true, sameSite: 'Lax' }])
}

const cookies = new Map<string, Promise<string>>()

/** The session's cookie of an account, logged in once for all tests of a file: name=value. */
export function cookieOf(login: string, password = DEMO_PASSWORD): Promise<string> {
  const kept = cookies.get(login) ?? logIn(login, password)
  cookies.set(login, kept)
  return kept
}

/** Logs in beside the pages, in a session of its own. */
export async function logIn(login: string, password: string): Promise<string> {
  for (;;) {
    const response = await fetch(`${base}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ login, password }),
    })
    if (response.ok) return (response.headers.get('Set-Cookie') ?? '').split(';')[0] as string
    const wait = Number(response.headers.get('Retry-After') ?? 60)
    // All tests come from one address, which may log in only so often.
    if (response.status !== 429 || wait > 10) throw new Error(`${login}: ${response.status} ${await response.text()}`)
    await new Promise((resolve) => setTimeout(resolve, wait * 1000))
  }
}

/** Asks the API, as nobody or as the account with a login. */
export async function ask<T>(method: string, path: string, options: { as?: string; body?: unknown } = {}): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(options.as && { Cookie: await cookieOf(options.as) }),
      ...(options.body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  expect(response.ok, `${method} ${path} answered ${response.status} ${text}`).toBe(true)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

export const get = <T>(path: string, as?: string) => ask<T>('GET', path, as ? { as } : {})

export interface Person {
  login: string
  password: string
}

/** A new person with a role, who has chosen a password; `first` leaves the one that the administrator got. */
export async function makePerson(role: string, area = '', first = false): Promise<Person> {
  const login = `e2e-${role.replace('_', '-')}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e4)}`
  const made = await ask<{ account: { id: string }; password: string }>('POST', '/api/v1/accounts', {
    as: 'demo-security',
    body: { login, name: '测试员', kind: 'person' },
  })
  await ask('POST', `/api/v1/accounts/${made.account.id}/grants`, {
    as: 'demo-security',
    body: { role, ...(area && { area }) },
  })
  if (first) return { login, password: made.password }
  const password = 'Salz-und-Pfeffer 42'
  const cookie = await logIn(login, made.password)
  const response = await fetch(`${base}/api/v1/account/password`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Cookie: cookie },
    body: JSON.stringify({ current: made.password, new: password }),
  })
  expect(response.status, await response.text()).toBe(204)
  return { login, password }
}

/** An incident that was just reported. */
export interface Reported {
  id: string
  areas: string[]
  receipt: { number: string; secret: string }
}

export const report = (place: [number, number], more: object = {}, as?: string) =>
  ask<Reported>('POST', '/api/v1/incidents', {
    ...(as && { as }),
    body: { lon: place[0], lat: place[1], item: 'fire_hazard', title: '楼道堆放纸箱', ...more },
  })

export interface Feature {
  id: string
  bbox: [number, number, number, number]
  properties: { name: string; parent: string; label: [number, number] }
}

/** A micro-grid with no incident near its middle, where a click would open it instead of asking about the place. */
export async function quietMicro(): Promise<Feature> {
  const { features } = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=micro&limit=200')
  for (const feature of features) {
    const [lon, lat] = feature.properties.label
    const box = [lon - 2e-4, lat - 2e-4, lon + 2e-4, lat + 2e-4].map((degrees) => degrees.toFixed(6))
    const { items } = await get<{ items: unknown[] }>(`/api/v1/incidents?limit=1&bbox=${box.join(',')}`, 'demo-viewer')
    if (items.length === 0) return feature
  }
  throw new Error('the first 200 micro-grids all have incidents in their middle')
}

/** Lets what moves or fades come to its end, and what comes after it come at once: half faded in, a text has too little contrast. */
async function rest(page: Page) {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter(({ playState, effect }) => playState === 'running' && effect?.getComputedTiming().endTime !== Infinity)
    await Promise.allSettled(passing.map(({ finished }) => finished))
  })
}

/** What axe-core finds wrong, as short lines; without the named rules. */
export async function axe(page: Page, without: string[] = []): Promise<string[]> {
  await rest(page)
  // addScriptTag would be an inline script, which the server's Content-Security-Policy forbids; evaluate is not.
  const source = createRequire(import.meta.url)('axe-core').source as string
  await page.evaluate(source)
  const found = await page.evaluate(async (without) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>
      }
    }
    const { violations } = await axe.run({
      rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
    })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
    )
  }, without)
  await page.emulateMedia({ reducedMotion: null })
  return found
}

/** Requests that a pattern matches fail as while PostGIS is away, until mend is called; prepare is visit's. */
export function outage(pattern: string) {
  let away = true
  return {
    mend() {
      away = false
    },
    prepare: (page: Page) =>
      page.route(pattern, (route) =>
        away
          ? route.fulfill({
              status: 503,
              contentType: 'application/problem+json',
              body: JSON.stringify({
                status: 503,
                title: 'x',
                code: 'database_unavailable',
                detail: 'PostGIS is away',
              }),
            })
          : route.continue(),
      ),
  }
}

/** Makes the page read the live events itself, so that route() can reach the stream: requests of a SharedWorker pass it by. */
export const withoutSharedWorker = (page: Page) =>
  page.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'))
