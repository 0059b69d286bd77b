import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { axe, base, type Feature, get, outage, type SIZES, shot, visit } from './harness.ts'
import { call, comeIn, enter, newLogin, OWN_PASSWORD } from './people.ts'

interface Account {
  id: string
  version: number
}
interface Made {
  account: Account
  password: string
}

/** Two towns that the map shows well. */
let towns: Feature[]
beforeAll(async () => {
  const found = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=town&limit=100')
  towns = [...found.features].sort((a, b) => size(b) - size(a)).slice(0, 2)
})
const size = ({ bbox: [west, south, east, north] }: Feature) => (east - west) * (north - south)

/** Opens the page of accounts with one account at its side. */
async function openAccount(name: string) {
  const visited = await visit('/admin', { as: 'demo-security' })
  await visited.page.getByRole('searchbox', { name: '查找账号' }).fill(name)
  await visited.page.locator('tbody').getByRole('button', { name }).click()
  await visited.page.getByRole('heading', { name: '角色与辖区' }).waitFor()
  return visited
}

/** Makes an account by the API. */
async function make(kind: 'person' | 'machine'): Promise<Made & { login: string }> {
  const { page } = await visit('/admin', { as: 'demo-security' })
  const login = newLogin(kind)
  return { login, ...(await call<Made>(page, 'POST', 'accounts', { login, name: login, kind })) }
}

/** Where a place (degrees) is on the map of the dialog: its home view shows the bounds, and Leaflet says where its pane is. */
async function clickOnMap(page: Page, [lon, lat]: [number, number]) {
  const map = page.getByRole('application')
  await page.locator('dialog .leaflet-tile-loaded').first().waitFor()
  await page.getByRole('progressbar').waitFor({ state: 'detached' })
  const box = await map.boundingBox()
  if (!box) throw new Error('the map has no place')
  // A drawn tile tells by its address-free position where the world is: the click is tried until the chosen name appears.
  const { bounds } = await get<{ bounds: [number, number, number, number] }>('/api/v1/about')
  const y = (degrees: number) => Math.asinh(Math.tan((degrees * Math.PI) / 180)) * (180 / Math.PI)
  const [west, south, east, north] = [bounds[0], y(bounds[1]), bounds[2], y(bounds[3])]
  // The view is centred on the bounds; the scale bar tells how large a degree is.
  const scale = await page.locator('dialog .scale').evaluate((element) => {
    const [, digits, unit] = /([\d.]+)\s*(米|公里)/.exec(element.textContent ?? '') ?? []
    const ruler = element.querySelector('.ruler')?.getBoundingClientRect().width ?? 1
    return (Number(digits) * (unit === '公里' ? 1000 : 1)) / ruler
  })
  const metresPerDegree = 111_319.49 * Math.cos((((bounds[1] + bounds[3]) / 2) * Math.PI) / 180)
  const pixels = metresPerDegree / scale
  await page.mouse.click(
    box.x + box.width / 2 + (lon - (west + east) / 2) * pixels,
    box.y + box.height / 2 - (y(lat) - (south + north) / 2) * pixels,
  )
}

describe('the page of accounts', () => {
  it('makes an account, grants it a role on a town by a click, and lets it see that town only until it is revoked', async () => {
    const [town, other] = towns as [Feature, Feature]
    const login = newLogin('person')
    const { page, complaints } = await visit('/admin', { as: 'demo-security' })

    await page.getByRole('button', { name: '新建账号' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: '建立账号' }).click()
    await dialog.getByText('请填写账号名').waitFor()
    await dialog.getByLabel('账号名').fill('-bad login-')
    await dialog.getByRole('button', { name: '建立账号' }).click()
    await dialog.getByText('只能有小写字母').waitFor()
    await dialog.getByLabel('账号名').fill(login.toUpperCase())
    await dialog.getByLabel('名称').fill('=周 测试')
    await dialog.getByRole('button', { name: '建立账号' }).click()

    // The initial password is shown once; Escape does not throw it away.
    const secret = dialog.getByRole('status', { name: '初始密码' })
    const initial = (await secret.textContent())?.trim() ?? ''
    expect(initial.length).toBeGreaterThanOrEqual(12)
    await dialog.getByText('只显示这一次').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    expect(await secret.textContent()).toContain(initial)
    expect(await axe(page)).toEqual([])
    await shot(page, 'admin-password')
    await dialog.getByRole('button', { name: '我已记下' }).click()
    const detail = page.getByRole('complementary', { name: '账号详情' })
    await detail.getByText('还没有角色').waitFor()
    expect(page.url()).toContain('account=')

    await detail.getByRole('button', { name: '授予角色' }).click()
    await dialog.getByRole('button', { name: '授予', exact: true }).click()
    await dialog.getByRole('alert').filter({ hasText: '请选择角色' }).waitFor()
    await dialog.getByRole('radio', { name: /^网格员/ }).check()
    await dialog.getByText('受理登记').waitFor()
    await clickOnMap(page, town.properties.label)
    await dialog.locator('.chain').getByText(town.properties.name).waitFor()
    await dialog.getByText(`辖区：${town.properties.name}及以下`).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'admin-grant')
    await dialog.getByRole('button', { name: '授予', exact: true }).click()
    await detail.getByText(`${town.properties.name}及以下`).waitFor()

    // The person comes in from another browser and sees the town, and nothing beside it.
    const person = await visit('/')
    await enter(person.page, login, initial)
    const inside = await call<{ items: { areas: string[] }[] }>(person.page, 'GET', 'incidents?limit=200')
    expect(inside.items.length).toBeGreaterThan(0)
    expect(inside.items.every(({ areas }) => areas.includes(town.id))).toBe(true)
    const beside = await person.page.request.get(`${base}/api/v1/incidents?area=${other.id}`)
    expect(beside.status()).toBe(403)
    expect((await person.page.request.get(`${base}/api/v1/accounts`)).status()).toBe(403)
    await person.page.goto(`${base}/admin`)
    await person.page.getByRole('heading', { name: '只供安全管理员使用' }).waitFor()

    // Who is logged in where is seen, and ends.
    await page.reload()
    await detail.getByText('127.0.0.1').first().waitFor()
    await detail.getByRole('button', { name: '收回：网格员' }).click()
    await dialog.getByText(`将不再是“网格员”（${town.properties.name}及以下）`).waitFor()
    await dialog.getByRole('button', { name: '收回', exact: true }).click()
    await detail.getByText('还没有角色').waitFor()
    expect((await person.page.request.get(`${base}/api/v1/incidents?limit=1`)).status()).toBe(403)

    await page.reload()
    const sessions = detail.locator('section').filter({ hasText: '正在登录的设备' })
    await detail.getByRole('button', { name: '结束全部登录' }).click()
    await dialog.getByRole('button', { name: '结束全部登录' }).click()
    await sessions.getByText('现在没有登录').waitFor()
    expect((await person.page.request.get(`${base}/api/v1/account/sessions`)).status()).toBe(401)
    expect(complaints).toEqual([])
  })

  it('grants a role by the keyboard alone', async () => {
    const town = towns[1] as Feature
    const { login } = await make('person')
    const { page } = await openAccount(login)
    await page.getByRole('button', { name: '授予角色' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: '查找区域或坐标' }).waitFor()

    await tabTo(page, (focused) => focused.name === 'role')
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, (focused) => focused.role === 'combobox')
    await page.keyboard.type(town.id)
    await dialog.getByRole('option').first().waitFor()
    await page.keyboard.press('Enter')
    await dialog.locator('.chain').getByText(town.properties.name).waitFor()
    await tabTo(page, (focused) => focused.type === 'submit')
    await page.keyboard.press('Enter')
    // The dialog, which stands in the pane, says the same until the server has answered.
    await dialog.waitFor({ state: 'detached' })
    const detail = page.getByRole('complementary')
    await detail.getByText(`${town.properties.name}及以下`).waitFor()
    await detail.getByText('网格员', { exact: true }).waitFor()
    // The focus is back where the dialog was opened, and Escape leaves the account.
    await page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain(login)
  })

  it('chooses on the map level by level, and up again by the names', async () => {
    const town = towns[0] as Feature
    const { login } = await make('person')
    const { page } = await openAccount(login)
    await page.getByRole('button', { name: '授予角色' }).click()
    const chain = page.locator('dialog .chain')
    const level = (name: string) => page.locator('dialog .levels label').filter({ hasText: name }).getByRole('radio')
    await clickOnMap(page, town.properties.label)
    await chain.getByText(town.id, { exact: true }).waitFor()
    await clickOnMap(page, town.properties.label)
    await chain.getByText('村社区', { exact: true }).waitFor()
    expect(await level('村社区').isChecked()).toBe(true)
    expect(await chain.locator('button, strong').count()).toBe(3)
    await page.locator('dialog .levels label').filter({ hasText: '微网格' }).click()
    await chain.getByText('微网格', { exact: true }).waitFor()
    expect(await chain.locator('button, strong').count()).toBe(5)
    await chain.getByRole('button', { name: town.properties.name }).click()
    await chain.getByText(town.id, { exact: true }).waitFor()
    expect(await level('镇街').isChecked()).toBe(true)
    // The whole installation is a choice of its own, and says what it means.
    await page.getByRole('radio', { name: '全域' }).check()
    await page.getByText('全域是整个系统').waitFor()
  })

  it('says why an administrator cannot grant oneself a role, and the server refuses it too', async () => {
    const { page } = await openAccount('demo-security')
    await page.getByText('不能给自己授予或收回角色').waitFor()
    expect(await page.getByRole('button', { name: '授予角色' }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: '停用账号' }).isDisabled()).toBe(true)
    const id = new URL(page.url()).searchParams.get('account')
    const answer = await page.request.post(`${base}/api/v1/accounts/${id}/grants`, { data: { role: 'viewer' } })
    expect([answer.status(), (await answer.json()).detail]).toEqual([403, expect.stringContaining('oneself')])
  })

  it('keeps what was typed when somebody else changed the account first', async () => {
    const { login, account } = await make('person')
    const { page } = await openAccount(login)
    await call(page, 'PATCH', `accounts/${account.id}`, { name: `${login} 二` }, { 'If-Match': '"1"' })
    const field = page.getByRole('textbox', { name: '名称' })
    await field.fill('我改的名称')
    await page.getByRole('button', { name: '保存' }).click()
    await page.getByText('别人刚改过这个账号').waitFor()
    expect(await field.inputValue()).toBe('我改的名称')
    await page.getByRole('button', { name: '重新载入' }).click()
    await page.getByRole('heading', { name: `${login} 二` }).waitFor()
    expect(await field.inputValue()).toBe('我改的名称')
    await page.getByRole('button', { name: '保存' }).click()
    await page.getByText('已保存').waitFor()
    await page.locator('tbody').getByText('我改的名称').waitFor()
  })

  it('disables an account, enables it, and gives it a new password', async () => {
    const { login, password } = await make('person')
    const person = await visit('/')
    await enter(person.page, login, password)
    const { page } = await openAccount(login)
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: '停用账号' }).click()
    await dialog.getByRole('button', { name: '停用', exact: true }).click()
    await page.getByRole('button', { name: '恢复使用' }).waitFor()
    await page.locator('tbody').getByText('已停用').waitFor()
    const again = await person.page.request.post(`${base}/api/v1/session`, { data: { login, password: OWN_PASSWORD } })
    expect(again.status()).toBe(401)
    await page.getByRole('button', { name: '恢复使用' }).click()
    await dialog.getByRole('button', { name: '恢复', exact: true }).click()
    await page.getByRole('button', { name: '停用账号' }).waitFor()
    await comeIn(person.page, login, OWN_PASSWORD)

    await page.getByRole('button', { name: '重设初始密码' }).click()
    await dialog.getByRole('button', { name: '重设', exact: true }).click()
    const renewed = (await dialog.getByRole('status', { name: '初始密码' }).textContent())?.trim() ?? ''
    await dialog.getByRole('button', { name: '我已记下' }).click()
    expect((await person.page.request.get(`${base}/api/v1/account/sessions`)).status()).toBe(401)
    await enter(person.page, login, renewed, `${OWN_PASSWORD} again`)
  })

  it('makes a token for a machine, which works until it is revoked', async () => {
    const { login, account } = await make('machine')
    const { page } = await openAccount(login)
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: '新建令牌' }).click()
    await dialog.getByText('这个账号还没有角色').waitFor()
    await page.keyboard.press('Escape')
    await call(page, 'POST', `accounts/${account.id}/grants`, { role: 'dispatcher', area: towns[0]?.id })
    await page.reload()
    await page.getByRole('button', { name: '新建令牌' }).click()
    await dialog.getByRole('button', { name: '建立令牌' }).click()
    await dialog.getByText('请填写用途').waitFor()
    await dialog.getByText('请至少选一项').waitFor()
    await dialog.getByLabel('用途').fill('12345 工单推送')
    await dialog.getByRole('checkbox', { name: /^查看事件/ }).check()
    expect(await axe(page)).toEqual([])
    await shot(page, 'admin-token')
    await dialog.getByRole('button', { name: '建立令牌' }).click()
    const token = (await dialog.getByRole('status', { name: '令牌' }).textContent())?.trim() ?? ''
    expect(token).toMatch(/^jw_/)
    await dialog.getByRole('button', { name: '我已记下' }).click()

    const ask = (path: string) => fetch(`${base}/api/v1/${path}`, { headers: { Authorization: `Bearer ${token}` } })
    const { items } = (await (await ask('incidents?limit=100')).json()) as { items: { areas: string[] }[] }
    expect(items.every(({ areas }) => areas.includes(towns[0]?.id ?? ''))).toBe(true)
    // The account may look behind the mask, the token may not: it has no scope for that.
    expect((await ask('audit')).status).toBe(403)
    await page.reload()
    await page.getByText(/最近使用 .*，来自 127\.0\.0\.1/).waitFor()
    await page.getByRole('button', { name: '作废令牌 12345 工单推送' }).click()
    await dialog.getByRole('button', { name: '作废', exact: true }).click()
    await page.getByText(/已于 .* 作废/).waitFor()
    const refused = await ask('incidents?limit=1')
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([401, 'invalid_token'])
  })

  it('lets no account be an administrator and something else', async () => {
    const { page } = await openAccount('demo-worker')
    await page.getByRole('button', { name: '授予角色' }).click()
    expect(await page.getByRole('radio', { name: /^审计员/ }).isDisabled()).toBe(true)
    await page.getByText('这个账号已有别的角色，须先收回').first().waitFor()
  })

  it('finds accounts by text and role, and says when there are none', async () => {
    const { page } = await visit('/admin?role=auditor', { as: 'demo-security' })
    const rows = page.locator('tbody tr')
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('demo-auditor')])
    await page.getByRole('searchbox').fill('没有这个人')
    await page.getByText('没有符合条件的账号').waitFor()
    await page.getByRole('button', { name: '清除条件' }).click()
    await expect.poll(() => rows.count()).toBeGreaterThan(7)
    expect(new URL(page.url()).search).toBe('')
  })

  it('filters by state', async () => {
    const { login, account } = await make('person')
    const { page } = await visit('/admin', { as: 'demo-security' })
    await call(page, 'PATCH', `accounts/${account.id}`, { disabled: true }, { 'If-Match': '"1"' })
    await page.getByRole('combobox', { name: '按状态筛选' }).selectOption({ label: '已停用' })
    await page.locator('tbody').getByText(login).first().waitFor()
    await expect.poll(() => page.locator('tbody .standing').allTextContents()).not.toContain('正常')
  })

  it('explains all roles and actions in both languages', async () => {
    const { page } = await visit('/admin?view=roles', { as: 'demo-security' })
    const { items } = await get<{ items: { role: string; actions: string[] }[] }>('/api/v1/roles')
    const table = page.getByRole('table')
    await table.getByRole('columnheader', { name: '安全管理员' }).waitFor()
    for (const language of ['中文', 'English']) {
      await page.getByRole('button', { name: language }).click()
      // A code that has no words would stand there as it is.
      const columns = (await table.getByRole('columnheader').allTextContents()).map((name) => name.trim())
      for (const { role } of items) expect(columns).not.toContain(role)
      expect(new Set(columns).size).toBe(items.length + 1)
      const codes = (await table.getByRole('rowheader').allTextContents()).map((row) => row.trim().split(/\s+/))
      for (const [first] of codes) expect(first).not.toMatch(/^[a-z]+\.[a-z]+$/)
      expect(await axe(page)).toEqual([])
    }
    await shot(page, 'admin-roles-en')
  })

  it('tells a viewer which role it takes, and lets somebody else log in', async () => {
    const { page } = await visit('/admin', { as: 'demo-viewer' })
    await page.getByRole('heading', { name: '这个页面只供安全管理员使用' }).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'admin-gate')
    await page.getByRole('main').getByRole('link', { name: '换一个账号' }).click()
    await expect.poll(() => new URL(page.url()).pathname).toBe('/login')
    expect(new URL(page.url()).searchParams.get('return')).toBe('/admin')
  })

  it('asks nobody in particular to log in', async () => {
    const { page } = await visit('/admin')
    await page.getByText('您还没有登录').waitFor()
  })

  it('keeps the list beside an error, and tries again', async () => {
    const { mend, prepare } = outage('**/api/v1/accounts?*')
    const { page } = await visit('/admin', {
      as: 'demo-security',
      prepare,
    })
    await page.getByText('PostGIS is away').waitFor()
    mend()
    await page.getByRole('button', { name: '重试' }).click()
    await page.getByText('demo-auditor').waitFor()
  })

  it.each(['desk', 'phone'] as (keyof typeof SIZES)[])(
    'is pictured at the size %s, without a fault that axe knows',
    async (size) => {
      const { page, complaints } = await visit('/admin', { as: 'demo-security', size })
      await page.locator('tbody tr').nth(5).waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `admin-list-${size}`)
      await page.getByRole('button', { name: 'demo-worker' }).click()
      await page.getByText('现在没有登录').or(page.getByText('127.0.0.1').first()).waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `admin-detail-${size}`)
      await page.getByRole('button', { name: '授予角色' }).click()
      await page.locator('dialog .leaflet-tile-loaded').first().waitFor()
      await page.getByRole('radio', { name: /^承办人/ }).check()
      expect(await axe(page)).toEqual([])
      await shot(page, `admin-grant-${size}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      expect(complaints).toEqual([])
    },
  )
})

interface Focused {
  name: string
  type: string
  role: string
}

/** Presses Tab until the focus is where it is wanted. */
async function tabTo(page: Page, wanted: (focused: Focused) => boolean) {
  for (let i = 0; i < 40; i++) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement
      const of = (name: string) => element?.getAttribute(name) ?? ''
      return { name: of('name'), type: of('type'), role: of('role') }
    })
    if (wanted(focused)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('Tab does not lead there')
}
