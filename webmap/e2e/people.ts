import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { base } from './harness.ts'

const DEMO_PASSWORD = 'Jingwei-Demo-2026'
/** A password that every account of these tests takes in place of its initial one. */
export const OWN_PASSWORD = 'correct horse battery staple 7'

/** Logs the browser of a page in, without its log-in page. */
export async function logIn(page: Page, login: string, password = DEMO_PASSWORD) {
  const response = await page.request.post(`${base}/api/v1/session`, { data: { login, password } })
  expect(response.status(), `log-in of ${login}: ${await response.text()}`).toBe(200)
}

/** Logs in as a demo account before the page is opened. */
export const as = (login: string) => ({ prepare: (page: Page) => logIn(page, login) })

/** Logs in for the first time: the initial password has to be changed. */
export async function enter(page: Page, login: string, initial: string, own = OWN_PASSWORD) {
  await logIn(page, login, initial)
  const response = await page.request.put(`${base}/api/v1/account/password`, {
    data: { current: initial, new: own },
  })
  expect(response.status(), await response.text()).toBe(204)
}

/** Asks the API as whoever the page is logged in as. */
export async function call<T>(page: Page, method: string, path: string, data?: unknown, headers = {}): Promise<T> {
  const response = await page.request.fetch(`${base}/api/v1/${path}`, {
    method,
    headers,
    ...(data !== undefined && { data }),
  })
  expect(response.ok(), `${method} ${path}: ${response.status()} ${await response.text()}`).toBe(true)
  return (await response.text()) === '' ? (undefined as T) : ((await response.json()) as T)
}

/** A login that no other test has. */
export const newLogin = (what: string) => `e2e-${what}-${Date.now().toString(36)}`
