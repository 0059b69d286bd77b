import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { axe, base, type Feature, get, outage, type SIZES, shot, visit } from './harness.ts'
import { call, newLogin } from './people.ts'

interface Made {
  account: { id: string }
}

const login = newLogin('watched')
const FORMULA = '=HYPERLINK("http://evil.example")'
let town: Feature
let id = ''

/** Something to find: an account with the name of a formula, a role that it gets and loses, and one that is refused. */
beforeAll(async () => {
  const { features } = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=town&limit=1')
  town = features[0] as Feature
})

describe('the page of the audit log', () => {
  it('tells what a security administrator did, from the newest', async () => {
    const administrator = await visit('/admin', { as: 'demo-security' })
    const made = await call<Made>(administrator.page, 'POST', 'accounts', { login, name: FORMULA, kind: 'person' })
    id = made.account.id
    const grant = await call<{ id: string }>(administrator.page, 'POST', `accounts/${id}/grants`, {
      role: 'worker',
      area: town.id,
    })
    const changed = await call<{ version: number }>(administrator.page, 'GET', `accounts/${id}`)
    await call(
      administrator.page,
      'PATCH',
      `accounts/${id}`,
      { disabled: true },
      { 'If-Match': `"${changed.version}"` },
    )
    await call(administrator.page, 'DELETE', `accounts/${id}/grants/${grant.id}`)
    const { account } = await call<{ account: { id: string } }>(administrator.page, 'GET', 'session')
    const own = await administrator.page.request.post(`${base}/api/v1/accounts/${account.id}/grants`, {
      data: { role: 'viewer' },
    })
    expect(own.status()).toBe(403)

    const { page, complaints } = await visit('/audit', { as: 'demo-auditor' })
    const rows = page.locator('tbody tr')
    await rows.first().waitFor()
    expect(await rows.locator('time').first().textContent()).toMatch(/\d\d:\d\d:\d\d/)
    expect(await rows.locator('time').first().getAttribute('title')).toMatch(/\.\d{3}.*GMT\+/)

    // Only what was done to the account, by its number.
    await page.getByRole('button', { name: '更多条件' }).click()
    await page.getByRole('textbox', { name: '对象' }).fill(`account/${id}`)
    await page.keyboard.press('Enter')
    await expect
      .poll(() => rows.locator('td:nth-child(3)').allTextContents())
      .toEqual(['收回角色', '修改账号', '授予角色', '新建账号'])
    expect(new URL(page.url()).searchParams.get('object')).toBe(`account/${id}`)
    await rows.nth(2).getByText(town.properties.name).waitFor()
    expect(await axe(page)).toEqual([])

    // What a change did stands side by side.
    await rows.nth(1).getByRole('button').click()
    const detail = page.getByRole('complementary', { name: '记录详情' })
    await detail.getByRole('heading', { name: '前后对比' }).waitFor()
    await detail.locator('del').getByText('false').waitFor()
    await detail.locator('ins').getByText('true').waitFor()
    await detail.getByText('127.0.0.1').waitFor()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
    await detail.getByRole('button', { name: '复制 JSON' }).click()
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
    expect(copied).toMatchObject({ action: 'account.update', object: `account/${id}`, login: 'demo-security' })
    await shot(page, 'audit-detail')
    await page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })

    // The attempt that was refused, with the reason.
    await page.getByRole('button', { name: '清除条件' }).first().click()
    await page.getByRole('combobox', { name: '按动作筛选' }).selectOption({ label: '授予角色' })
    await page.getByRole('combobox', { name: '按结果筛选' }).selectOption({ label: '拒绝' })
    await rows.first().getByText('oneself').waitFor()
    await expect.poll(async () => (await rows.count()) - (await rows.locator('.refused').count())).toBe(0)
    expect(complaints).toEqual([])
  })

  it('finds by login, goes back, and keeps the filter in the address', async () => {
    const { page } = await visit('/audit?period=today', { as: 'demo-auditor' })
    const who = page.locator('tbody tr .who')
    await page.getByRole('textbox', { name: '账号名' }).fill('demo-security')
    await page.keyboard.press('Enter')
    await expect
      .poll(async () => new Set((await who.allTextContents()).map((text) => text.trim())))
      .toEqual(new Set(['demo-security']))
    expect(new URL(page.url()).search).toBe('?period=today&login=demo-security')
    await page.reload()
    await who.first().waitFor()
    expect(await page.getByRole('textbox', { name: '账号名' }).inputValue()).toBe('demo-security')
    expect(await page.getByRole('button', { name: '今天' }).getAttribute('aria-pressed')).toBe('true')
    await page.goBack()
    await expect.poll(() => page.getByRole('textbox', { name: '账号名' }).inputValue()).toBe('')
  })

  it('finds what concerns an area, also from the search', async () => {
    const { page } = await visit('/audit', { as: 'demo-auditor' })
    await page.getByRole('button', { name: '更多条件' }).click()
    await page.getByRole('combobox', { name: '查找区域或坐标' }).fill(town.properties.name)
    await page.getByRole('listbox').getByRole('option').first().click()
    await expect.poll(() => new URL(page.url()).searchParams.get('area')).toBe(town.id)
    await page.locator('.area').getByText(town.properties.name).waitFor()
    await expect.poll(() => page.locator('tbody tr').count()).toBeGreaterThan(0)
    const { items } = await call<{ items: { areas: string[] }[] }>(page, 'GET', `audit?area=${town.id}`)
    expect(items.every(({ areas }) => areas.includes(town.id))).toBe(true)
    await page.getByRole('button', { name: '不限区域' }).click()
    await page.getByRole('combobox', { name: '查找区域或坐标' }).waitFor()
  })

  it('takes a span of time, and says when nothing lies in it', async () => {
    const { page } = await visit('/audit?from=2001-01-01T00:00&to=2001-01-02T00:00', { as: 'demo-auditor' })
    await page.getByText('没有符合条件的记录').waitFor()
    expect(await page.getByLabel('从', { exact: true }).inputValue()).toBe('2001-01-01T00:00')
    await page.getByRole('button', { name: '7 天' }).click()
    await page.locator('tbody tr').first().waitFor()
    expect(new URL(page.url()).search).toBe('?period=7')
  })

  it('exports what the filter finds, in which no cell is a formula', async () => {
    const { page } = await visit(`/audit?object=account/${id}`, { as: 'demo-auditor' })
    const link = page.getByRole('link', { name: /导出 CSV（全部 \d+ 条）/ })
    await link.waitFor()
    const count = Number(/\d+/.exec((await link.textContent()) ?? '')?.[0])
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    expect(download.suggestedFilename()).toBe('audit.csv')
    const text = await readFile(await download.path(), 'utf8')
    expect(text.charCodeAt(0)).toBe(0xfeff)
    const lines = text.trim().split(/\r?\n/)
    expect(lines[0]).toBe('id,at,login,via,address,request,action,object,areas,outcome,reason,before,after')
    expect(lines).toHaveLength(count + 1)
    // The name of the account begins as a formula; names of people stay out of the log altogether.
    expect(text).not.toContain('HYPERLINK')
    const cells = lines.slice(1).flatMap((line) => line.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [])
    expect(cells.length).toBeGreaterThan(20)
    for (const cell of cells) expect(cell).not.toMatch(/^"?[=+@-]/)
    // The export is itself in the log.
    await page.goto(`${base}/audit?action=audit.export`)
    await page.locator('tbody tr').first().getByText('导出审计日志').waitFor()
  })

  it('says that the log is whole, and where it is not', async () => {
    const { page } = await visit('/audit', { as: 'demo-auditor' })
    const chain = page.getByRole('region', { name: '日志的完整性' })
    await chain.getByText(/日志完整，未被改动|还没有校验过整个日志/).waitFor()
    await chain.getByText(/共 [\d,]+ 条/).waitFor()
    await page.route('**/api/v1/audit/chain', async (route) => {
      const answer = await (await route.fetch()).json()
      const broken = {
        found: 1,
        findings: [{ seq: 7, id, at: '2026-11-01T08:30:00Z', problem: 'the row was altered' }],
      }
      await route.fulfill({ json: { ...answer, broken } })
    })
    await page.getByRole('button', { name: '刷新' }).click()
    await chain.getByText('日志被改动过：发现 1 处').waitFor()
    await chain.getByText('第 7 环').waitFor()
    await chain.getByText('the row was altered').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'audit-broken')
  })

  it('shows a failure and tries again', async () => {
    const { mend, prepare } = outage('**/api/v1/audit?*')
    const { page } = await visit('/audit', {
      as: 'demo-auditor',
      prepare,
    })
    await page.getByText('PostGIS is away').waitFor()
    mend()
    await page.getByRole('button', { name: '重试' }).click()
    await page.locator('tbody tr').first().waitFor()
  })

  it('goes from row to row with the keyboard', async () => {
    const { page } = await visit('/audit', { as: 'demo-auditor' })
    await page.locator('tbody tr').nth(3).waitFor()
    await page.locator('tbody tr').first().getByRole('button').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.closest('tr')?.rowIndex)).toBe(2)
  })

  it('is closed to everybody else, and the server says so too', async () => {
    const { page } = await visit('/audit', { as: 'demo-security' })
    await page.getByRole('heading', { name: '这个页面只供审计员使用' }).waitFor()
    expect(await axe(page)).toEqual([])
    expect((await page.request.get(`${base}/api/v1/audit`)).status()).toBe(403)
    expect((await page.request.get(`${base}/api/v1/audit.csv`)).status()).toBe(403)
  })

  it.each(['desk', 'phone'] as (keyof typeof SIZES)[])(
    'is pictured at the size %s, without a fault that axe knows',
    async (size) => {
      const { page, complaints } = await visit('/audit', { as: 'demo-auditor', size })
      await page.locator('tbody tr').nth(3).waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `audit-list-${size}`)
      await page.locator('tbody tr').nth(1).getByRole('button').click()
      await page.getByRole('complementary').waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `audit-detail-${size}`)
      await page.getByRole('button', { name: 'English' }).click()
      await page.getByRole('complementary', { name: 'One row' }).waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `audit-en-${size}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      expect(complaints).toEqual([])
    },
  )
})
