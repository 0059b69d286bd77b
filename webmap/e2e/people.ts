import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { base, bring, logIn } from './harness.ts'

/** A password that accounts of these tests take in place of their initial one. */
export const OWN_PASSWORD = 'correct horse battery staple 7'

/** A login that no other test has. */
export const newLogin = (what: string) => `e2e-${what}-${Date.now().toString(36)}`

/** Logs the browser of an open page in, without its log-in page. */
export async function comeIn(page: Page, login: string, password: string) {
  await bring(page.context(), await logIn(login, password))
}

/** Comes in for the first time: the initial password has to be changed. */
export async function enter(page: Page, login: string, initial: string, own = OWN_PASSWORD) {
  await comeIn(page, login, initial)
  const response = await page.request.put(`${base}/api/v1/account/password`, { data: { current: initial, new: own } })
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
