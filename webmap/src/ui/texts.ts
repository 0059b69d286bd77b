import { textsOf } from '../i18n/texts.ts'

export const { t } = textsOf(
  {
    'gate.loading': '正在确认您的权限…',
    'gate.title': '这个页面只供{role}使用',
    'gate.other': '您现在的账号是{name}，没有这个角色。',
    'gate.nobody': '您还没有登录。',
    'gate.remedy': '请换成有“{role}”角色的账号登录；需要这个角色时，请联系安全管理员。',
    'dialog.cancel': '取消',
    'dialog.running': '正在处理…',
    'list.loading': '正在读取…',
  } as const,
  {
    'gate.loading': 'Asking what you may do…',
    'gate.title': 'This page is for the {role} only',
    'gate.other': 'You are logged in as {name}, who does not have this role.',
    'gate.nobody': 'You are not logged in.',
    'gate.remedy': 'Log in with an account that has the role “{role}”. A security administrator can grant it.',
    'dialog.cancel': 'Cancel',
    'dialog.running': 'Working…',
    'list.loading': 'Loading…',
  },
)
