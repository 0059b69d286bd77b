import { describe, expect, it } from 'vitest'
import { axe, base, DEMO_PASSWORD, get, makePerson, SIZES, shot, visit } from './harness.ts'

interface Demo {
  login: string
  role: string
  area_name: string
}

const ROLES = {
  'demo-viewer': ['查看员', 'Viewer'],
  'demo-worker': ['网格员', 'Grid worker'],
  'demo-handler': ['承办人', 'Handler'],
  'demo-dispatcher': ['调度员', 'Dispatcher'],
  'demo-planner': ['区划规划员', 'Planner'],
  'demo-system': ['系统管理员', 'System administrator'],
  'demo-security': ['安全管理员', 'Security administrator'],
  'demo-auditor': ['审计员', 'Auditor'],
} as const

describe('the demo accounts', () => {
  it.each(Object.entries(ROLES))('%s logs in with one click', async (login, [role, english]) => {
    const { page, complaints } = await visit('/login')
    const { demo } = await get<{ demo: Demo[] }>('/api/v1/session')
    const own = demo.find((each) => each.login === login)
    const button = page.getByRole('button', { name: `${role} ${english}` })
    await button.getByText(own?.area_name || '全域', { exact: true }).waitFor()
    await button.click()
    await page.waitForURL(`${base}/#**`)
    await page.getByRole('button', { name: /的菜单$/ }).click()
    const menu = page.locator('#user-menu')
    await menu.getByText(login, { exact: true }).waitFor()
    await menu.getByText(role, { exact: true }).waitFor()
    expect(await menu.getByRole('link', { name: '账号管理' }).count()).toBe(login === 'demo-security' ? 1 : 0)
    expect(await menu.getByRole('link', { name: '审计日志' }).count()).toBe(login === 'demo-auditor' ? 1 : 0)
    expect(complaints).toEqual([])
  })

  it('are there with a plain note, in both languages', async () => {
    const { page } = await visit('/login')
    await page.getByText('只在本机可用').waitFor()
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByText('work on this machine only').waitFor()
    await page.getByRole('button', { name: 'Dispatcher 调度员' }).waitFor()
  })

  it('are not shown where the server does not list them', async () => {
    const { page } = await visit('/login', {
      prepare: (page) =>
        page.route('**/api/v1/session', async (route) => {
          const response = await route.fetch()
          return route.fulfill({ response, json: { ...(await response.json()), demo: [] } })
        }),
    })
    await page.getByLabel('账号', { exact: true }).waitFor()
    expect(await page.getByText('示例账号').count()).toBe(0)
  })
})

describe('logging in', () => {
  it('takes login and password with the keyboard alone, and comes back to the view', async () => {
    const { page, complaints } = await visit('/#at=119.82330,31.34060,14')
    await page.getByRole('link', { name: '登录' }).first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/login\?return=/)
    await page.getByLabel('账号', { exact: true }).waitFor()
    // The first field has the focus.
    await page.keyboard.type('demo-viewer')
    await page.keyboard.press('Tab')
    await page.keyboard.type(DEMO_PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(/#at=119\.82330,31\.34060,14/)
    await page.getByRole('button', { name: /的菜单$/ }).waitFor()
    const cookies = await page.context().cookies()
    expect(cookies).toMatchObject([{ name: 'jingwei_session', httpOnly: true, sameSite: 'Lax' }])
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('Demo')
    expect(complaints).toEqual([])
  })

  it('says what is missing and what is wrong, and shows the password when asked to', async () => {
    const { page } = await visit('/login')
    const send = page.getByRole('button', { name: '登录', exact: true })
    await send.click()
    await page.getByText('请填写账号').waitFor()
    await page.getByLabel('账号', { exact: true }).fill('demo-viewer')
    await send.click()
    await page.getByText('请填写密码').waitFor()
    const password = page.getByLabel('密码', { exact: true })
    await password.fill('not this one')
    expect(await password.getAttribute('type')).toBe('password')
    await page.getByRole('button', { name: '显示密码' }).click()
    expect(await password.getAttribute('type')).toBe('text')
    expect(await password.getAttribute('autocomplete')).toBe('current-password')
    await send.click()
    await page.getByRole('alert').getByText('账号或密码不对').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'login-wrong')
  })

  it('hints at Caps Lock', async () => {
    const { page } = await visit('/login')
    const password = page.getByLabel('密码', { exact: true })
    await password.waitFor()
    const press = (on: boolean) =>
      password.evaluate(
        (field, modifierCapsLock) =>
          field.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', bubbles: true, modifierCapsLock })),
        on,
      )
    await press(true)
    await page.getByText('大写锁定已打开').waitFor()
    await press(false)
    await page.getByText('大写锁定已打开').waitFor({ state: 'detached' })
  })

  it('counts down while a login is locked', async () => {
    const { page } = await visit('/login')
    const send = page.getByRole('button', { name: '登录', exact: true })
    await page.getByLabel('账号', { exact: true }).fill(`nobody-${Date.now()}`)
    for (let i = 0; i < 6; i++) {
      await page.getByLabel('密码', { exact: true }).fill(`wrong ${i}`)
      await send.click()
      await page
        .getByRole('alert')
        .getByText(/账号或密码不对|尝试次数过多/)
        .waitFor()
      await expect.poll(() => page.getByText('正在登录').count()).toBe(0)
    }
    const left = async () => Number(/请在 (\d+)/.exec((await page.getByRole('alert').allTextContents()).join())?.[1])
    const first = await left()
    expect(first).toBeGreaterThan(30)
    expect(await send.isDisabled()).toBe(true)
    await expect.poll(left).toBeLessThan(first)
    await shot(page, 'login-locked')
  })

  it('has a password changed that an administrator has set', async () => {
    const { login, password } = await makePerson('viewer', '', true)
    const { page } = await visit('/login?return=%2Faccount')
    await page.getByLabel('账号', { exact: true }).fill(login)
    await page.getByLabel('密码', { exact: true }).fill(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: '修改密码' }).waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByLabel('新密码', { exact: true }).fill('password1234')
    await page.getByLabel('再填一遍新密码').fill('password1234')
    await shot(page, 'login-change')
    await page.getByRole('button', { name: '修改密码' }).click()
    await page.getByText('太容易猜到').waitFor()
    await page.getByLabel('新密码', { exact: true }).fill('Pflaumen-Kuchen 88')
    await page.getByLabel('再填一遍新密码').fill('Pflaumen-Kuchen 88')
    await page.getByRole('button', { name: '修改密码' }).click()
    await page.waitForURL(`${base}/account`)
    await page.getByText(login).first().waitFor()
  })

  it.each([
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/account', '/account'],
  ])('returns from %s to %s', async (wanted, path) => {
    const { page, complaints } = await visit(`/login?return=${encodeURIComponent(wanted)}`, { as: 'demo-viewer' })
    await page.getByText('您已登录为').waitFor()
    await page.getByRole('link', { name: '继续使用' }).click()
    await page.waitForURL((url) => url.pathname === path && url.origin === base)
    expect(complaints).toEqual([])
  })

  it('says why single sign-on did not work', async () => {
    const { page } = await visit('/login?problem=sso_unknown')
    await page.getByText('没有对应的账号').waitFor()
    await page.goto(`${base}/login?problem=%3Cimg%20src=x%3E`)
    await page.getByText('没有登录成功（<img src=x>）').waitFor()
  })

  it('offers single sign-on where it is configured, and comes back to the view by the log-in page', async () => {
    const { page } = await visit('/login?return=%2Faccount', {
      prepare: (page) =>
        page.route('**/api/v1/session', async (route) => {
          const response = await route.fetch()
          return route.fulfill({
            response,
            json: { ...(await response.json()), single_sign_on: { name: '统一身份认证' } },
          })
        }),
    })
    const address = new URL(
      (await page.getByRole('link', { name: '用统一身份认证登录' }).getAttribute('href')) ?? '',
      base,
    )
    expect(address.pathname).toBe('/api/v1/session/oidc')
    const back = new URL(address.searchParams.get('return') ?? '', base)
    expect([back.pathname, back.searchParams.get('return')]).toEqual(['/login', '/account'])
  })

  it('goes on by itself when single sign-on comes back', async () => {
    const { page } = await visit('/login?arrived=&return=%2Faccount', { as: 'demo-viewer' })
    await page.waitForURL(`${base}/account`)
  })
})

describe('the log-in page', () => {
  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])('is pictured at the size %s and passes axe', async (size) => {
    const { page } = await visit('/login', { size })
    await page.getByText('示例账号').waitFor()
    expect(await axe(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await shot(page, `login-${size}`)
  })
})
