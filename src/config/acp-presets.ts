/**
 * How well-known agents are started so that they speak ACP. Each can load its sessions, by the
 * matrix of the ACP registry (github.com/agentclientprotocol/registry).
 */
export const ACP_PRESETS = {
  auggie: ['auggie', '--acp'],
  copilot: ['copilot', '--acp'],
  cursor: ['cursor-agent', 'acp'],
  gemini: ['gemini', '--acp'],
  goose: ['goose', 'acp'],
  kimi: ['kimi', 'acp'],
  qwen: ['qwen', '--acp'],
} as const satisfies Record<string, readonly string[]>;

export const ACP_PRESET_NAMES = Object.keys(ACP_PRESETS) as (keyof typeof ACP_PRESETS)[];
