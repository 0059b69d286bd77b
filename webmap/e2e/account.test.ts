import { describe, expect, it } from 'vitest'
import { axe, base, cookieOf, logIn, makePerson, type Person, SIZES, shot, visit } from './harness.ts'
import { totp } from './totp.ts'

/** The page of the own account of a new person. */
async function open(role = 'viewer'): Promise<Person & Awaited<ReturnType<typeof visit>>> {
  const person = await makePerson(role)
  await cookieOf(person.login, person.password)
  return { ...person, ...(await visit('/account', { as: person.login })) }
}

/** Whether a cookie still is a session. */
async function isAlive(cookie: string): Promise<boolean> {
  const response = await fetch(`${base}/api/v1/session`, { headers: { Cookie: cookie } })
  return ((await response.json()) as { account: unknown }).account !== null
}

it('computes the codes of RFC 6238', () => {
  // Appendix B has eight digits; the last six are those of a code of six.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  expect([59, 1111111109, 2000000000].map((second) => totp(secret, second * 1000))).toEqual([
    '287082',
    '081804',
    '279037',
  ])
})

describe('the own account', () => {
  it('says who one is and what one may do where', async () => {
    const { page, complaints } = await visit('/account', { as: 'demo-handler' })
    await page.getByRole('heading', { name: '演示' }).waitFor()
    await page.getByText('demo-handler').first().waitFor()
    const role = page.locator('.roles li')
    await role.getByText('承办人').waitFor()
    await role.getByText('宜城街道及以下').waitFor()
    await role.getByText('镇街', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  it('asks to log in when nobody is, and comes back', async () => {
    const { page, complaints } = await visit('/account')
    await page.getByRole('heading', { name: '您还没有登录' }).waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('main').getByRole('link', { name: '登录' }).click()
    await page.waitForURL(`${base}/login?return=%2Faccount`)
    expect(complaints).toEqual([])
  })

  it('logs out', async () => {
    const { page, login } = await open()
    await page.getByRole('button', { name: '退出登录' }).click()
    await page.waitForURL(`${base}/#**`)
    await page.getByRole('link', { name: '登录' }).first().waitFor()
    expect(await isAlive(await cookieOf(login))).toBe(false)
  })

  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])('is pictured at the size %s and passes axe', async (size) => {
    const { page } = await visit('/account', { as: 'demo-worker', size })
    await page.getByText('当前', { exact: true }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await shot(page, `account-${size}`)
  })

  it('has no Chinese left in English but names', async () => {
    const { page } = await visit('/account', { as: 'demo-planner' })
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Where you are logged in' }).waitFor()
    const text = (await page.locator('body').innerText()).replaceAll(/中文|经纬|演示·划界者|宜兴市/g, '')
    expect(text).not.toMatch(/[\u3400-\u9fff]/)
  })
})

describe('the password', () => {
  it('is changed, which ends the other sessions', async () => {
    const { page, login, password } = await open()
    const elsewhere = await logIn(login, password)
    const change = page.getByRole('button', { name: '修改密码' })
    await page.getByLabel('现在的密码').fill('not my password')
    await page.getByLabel('新密码', { exact: true }).fill('Birnen-Kompott 17')
    // The rules that the page knows are marked while one types.
    await page.locator('.rules .met', { hasText: '至少 12 个字符' }).waitFor()
    await page.getByLabel('再填一遍新密码').fill('Birnen-Kompott 1')
    await change.click()
    await page.locator('.rules .missed', { hasText: '两遍填写相同' }).waitFor()
    await page.getByLabel('再填一遍新密码').fill('Birnen-Kompott 17')
    await change.click()
    await page.getByText('现在的密码不对').waitFor()
    await page.getByLabel('现在的密码').fill(password)
    await page.getByLabel('新密码', { exact: true }).fill(`${login}-2026`)
    await page.getByLabel('再填一遍新密码').fill(`${login}-2026`)
    await change.click()
    const alert = page.getByRole('alert')
    await alert.getByText('请换一个密码').waitFor()
    await alert.getByText('不含账号名').waitFor()
    await page.getByLabel('新密码', { exact: true }).fill('Birnen-Kompott 17')
    await page.getByLabel('再填一遍新密码').fill('Birnen-Kompott 17')
    await change.click()
    await page.getByText('密码已修改').waitFor()
    expect(await isAlive(elsewhere)).toBe(false)
    expect(await isAlive(await logIn(login, 'Birnen-Kompott 17'))).toBe(true)
    // This session goes on.
    await page.reload()
    await page.getByText(login).first().waitFor()
  })

  it('of a demo account stays', async () => {
    const { page } = await visit('/account', { as: 'demo-viewer' })
    await page.getByLabel('现在的密码').fill('Jingwei-Demo-2026')
    await page.getByLabel('新密码', { exact: true }).fill('Birnen-Kompott 17')
    await page.getByLabel('再填一遍新密码').fill('Birnen-Kompott 17')
    await page.getByRole('button', { name: '修改密码' }).click()
    await page.getByText('这是示例账号').waitFor()
  })
})

describe('the second factor', () => {
  it('is set up, asked for when logging in, replaced by a recovery code, and removed', async () => {
    const { page, login, password } = await open()
    await page.getByRole('button', { name: '开启两步验证' }).click()
    const section = page.getByRole('region', { name: '两步验证' })
    await section.getByLabel('现在的密码').fill(password)
    await section.getByRole('button', { name: '下一步' }).click()
    const qr = section.getByRole('img', { name: '两步验证的二维码' })
    await qr.waitFor()
    expect(
      await qr.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
    ).toBeGreaterThan(100)
    const secret = ((await section.locator('.secret .mono').textContent()) ?? '').replaceAll(' ', '')
    expect(await axe(page)).toEqual([])
    await shot(page, 'factor')
    await section.getByLabel('2. 填写应用显示的 6 位验证码').fill('000000')
    await section.getByRole('button', { name: '确认并开启' }).click()
    await section.getByText('验证码不对').waitFor()
    await section.getByLabel('2. 填写应用显示的 6 位验证码').fill(totp(secret, Date.now()))
    await section.getByRole('button', { name: '确认并开启' }).click()
    await section.locator('ol li').nth(9).waitFor()
    const codes = await section.locator('ol li').allTextContents()
    expect(codes).toHaveLength(10)
    expect(new Set(codes).size).toBe(10)
    expect(await axe(page)).toEqual([])
    await shot(page, 'factor-codes')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
    await section.getByRole('button', { name: '复制全部' }).click()
    expect((await page.evaluate(() => navigator.clipboard.readText())).split('\n')).toEqual(codes)
    await section.getByRole('button', { name: '我已保存好' }).click()
    await section.getByText('两步验证已开启').waitFor()
    await section.getByText('已开启', { exact: true }).waitFor()
    // They are gone from the page.
    expect(await page.locator('body').innerText()).not.toContain(codes[0])

    const other = await visit('/login?return=%2Faccount')
    await other.page.getByLabel('账号', { exact: true }).fill(login)
    await other.page.getByLabel('密码', { exact: true }).fill(password)
    await other.page.keyboard.press('Enter')
    const code = other.page.getByLabel('验证码', { exact: true })
    await code.waitFor()
    expect(await code.getAttribute('autocomplete')).toBe('one-time-code')
    expect(await axe(other.page)).toEqual([])
    await shot(other.page, 'login-code')
    await code.fill('123456')
    await other.page.keyboard.press('Enter')
    await other.page.getByText('验证码不对，或已经用过').waitFor()
    // The code of the next step: that of this one is used, and is good once. The server allows for clocks that are a step off.
    await code.fill(totp(secret, Date.now() + 30_000).replace(/(...)/, '$1 '))
    await other.page.keyboard.press('Enter')
    await other.page.waitForURL(`${base}/account`)

    const third = await visit('/login')
    await third.page.getByLabel('账号', { exact: true }).fill(login)
    await third.page.getByLabel('密码', { exact: true }).fill(password)
    await third.page.keyboard.press('Enter')
    await third.page.getByRole('button', { name: '手机不在身边？用恢复码' }).click()
    await third.page.getByLabel('恢复码', { exact: true }).fill((codes[0] as string).toLowerCase())
    await third.page.keyboard.press('Enter')
    await third.page.waitForURL(`${base}/#**`)

    await section.getByRole('button', { name: '关闭两步验证' }).click()
    await section.getByLabel('现在的密码').fill(password)
    await section.getByLabel('验证码或恢复码').fill(codes[1] as string)
    await section.getByRole('button', { name: '关闭两步验证' }).click()
    await section.getByText('两步验证已关闭').waitFor()
    expect(await isAlive(await logIn(login, password))).toBe(true)
  })
})

describe('the own sessions', () => {
  it('are listed, ended one by one and all together', async () => {
    const { page, login, password } = await open()
    const second = await visit('/login')
    await second.page.getByLabel('账号', { exact: true }).fill(login)
    await second.page.getByLabel('密码', { exact: true }).fill(password)
    await second.page.keyboard.press('Enter')
    await second.page.waitForURL(`${base}/#**`)
    const third = await logIn(login, password)

    await page.reload()
    const rows = page.getByRole('region', { name: '登录过的设备' }).getByRole('listitem')
    // This one, the one that made the account's password, the second browser, and the one without a browser.
    const before = await rows.count().then(async () => {
      await rows.nth(3).waitFor()
      return rows.count()
    })
    await rows.first().getByText('当前', { exact: true }).waitFor()
    expect(await rows.first().getByRole('button').count()).toBe(0)

    await page.getByRole('button', { name: '结束 Linux 上的 Chrome 的登录' }).click()
    await expect.poll(() => rows.count()).toBe(before - 1)
    // The other browser learns of it by itself.
    await second.page.getByText('登录已失效').waitFor({ timeout: 20_000 })

    await page.getByRole('button', { name: '结束其他全部登录' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(`结束其他 ${before - 2} 处登录`).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'sessions-confirm')
    await dialog.getByRole('button', { name: '全部结束' }).click()
    await page.getByText('没有其他登录').waitFor()
    expect(await rows.count()).toBe(1)
    expect(await isAlive(third)).toBe(false)
    expect(await isAlive(await cookieOf(login))).toBe(true)
  })
})
