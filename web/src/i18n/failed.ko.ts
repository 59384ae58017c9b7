import type { failed as english } from "./failed.en";

const count = (value: number) => new Intl.NumberFormat("ko").format(value);

export const failed: typeof english = {
  heading: "실패한 문자열",
  lead: "데이터베이스가 거부한 문자열입니다. 원인이 해결되면 다시 시도하거나 폐기하세요.",
  token: "운영자 토큰",
  tokenHint: "운영자로서 받은 토큰입니다. 이 탭을 닫을 때까지 탭에만 보관됩니다.",
  useToken: "계속",
  wrongToken: "토큰이 올바르지 않습니다. 확인한 뒤 다시 입력하세요.",
  forget: "토큰 지우기",
  disabled: "여기서는 실패한 문자열을 관리할 수 없습니다",
  disabledHint:
    "서비스가 OPERATOR_TOKEN 없이 시작되었습니다. 값을 지정하고 서비스를 다시 시작한 뒤 다시 시도하세요.",
  again: "다시 시도",
  search: "텍스트와 사유에서 검색",
  searchPlaceholder: "대소문자를 구분합니다",
  listHeading: "실패한 문자열",
  total: (total) => `실패한 문자열 ${count(total)}개`,
  shown: (shown, total) => `실패한 문자열 ${count(total)}개 중 ${count(shown)}개 표시`,
  matches: {
    all: (value) => `검색 결과 ${count(value)}개`,
    soFar: (value) => `검색 결과 ${count(value)}개 표시, 아래에 더 있을 수 있음`,
  },
  reasons: (value) => `사유별 (${count(value)}가지)`,
  showReason: "이 문자열 보기",
  retryGroup: "다시 시도…",
  otherReasons: (value) => `그 밖에 더 작은 그룹 ${count(value)}개는 검색해서 찾으세요.`,
  counted: (counted, total) => `문자열 ${count(total)}개 중 ${count(counted)}개를 셌습니다.`,
  countMore: "이어서 세기",
  refresh: "새로 고침",
  outdated: {
    certainly: "목록이 바뀌었습니다. 새로 고치면 추가되거나 사라진 항목을 볼 수 있습니다.",
    perhaps: "목록이 바뀌었을 수 있습니다. 새로 고치면 추가되거나 사라진 항목을 볼 수 있습니다.",
  },
  waiting: (reason) => `곧 다시 시도합니다. ${reason}`,
  none: "실패한 문자열이 없습니다.",
  noMatch: "검색어가 들어 있는 실패한 문자열이 없습니다.",
  more: "더 보기",
  choose: "선택",
  chooseShown: "보이는 항목 모두 선택",
  chosen: (value) => `${count(value)}개 선택됨`,
  retry: "다시 시도",
  discard: "폐기…",
  retryAll: "모두 다시 시도…",
  discardAll: "모두 폐기…",
  retryMatching: "검색된 항목 모두 다시 시도…",
  discardMatching: "검색된 항목 모두 폐기…",
  retryChosen: (value) => `문자열 ${count(value)}개 다시 시도`,
  discardChosen: (value) => `문자열 ${count(value)}개 폐기`,
  noReason: "사유 없음",
  received: (time) => `${time} 접수`,
  attempts: (value) => `${count(value)}번 시도`,
  operation: "실패한 문자열 다시 시도 또는 폐기",
  which: {
    all: "실패한 문자열을 모두",
    containing: (query) => `“${query}”이(가) 들어 있는 실패한 문자열을 모두`,
    withReason: (reason) => `“${reason}”(이)라는 사유로 실패한 문자열을 모두`,
    chosen: (value) => `문자열 ${count(value)}개를`,
  },
  stop: "중지",
  stopping: "중지하는 중…",
  progress: "진행 상황",
  working: {
    retry: (which) => `${which} 다시 시도하는 중…`,
    discard: (which) => `${which} 폐기하는 중…`,
  },
  soFar: {
    retry: (value) => `지금까지 ${count(value)}개를 다시 시도했습니다.`,
    discard: (value) => `지금까지 ${count(value)}개를 폐기했습니다.`,
  },
  lookedAt: (value, total) => `${count(total)}개 중 ${count(value)}개를 확인했습니다.`,
  ended: {
    stopped: "중지했습니다.",
    interrupted: "끝나기 전에 탭을 새로 고치거나 닫았습니다.",
    tokenRefused: "운영자 토큰이 더는 올바르지 않습니다. ‘실패’ 화면에서 다시 입력하세요.",
  },
  finished: {
    retry: (value) => `문자열 ${count(value)}개를 다시 시도했습니다.`,
    discard: (value) => `문자열 ${count(value)}개를 폐기했습니다.`,
  },
  noneLeft: {
    retry:
      "다시 시도할 문자열이 남아 있지 않았습니다. 다른 운영자나 브라우저가 되풀이한 요청이 처리했을 수 있습니다.",
    discard:
      "폐기할 문자열이 남아 있지 않았습니다. 다른 운영자나 브라우저가 되풀이한 요청이 처리했을 수 있습니다.",
  },
  notExact: "응답이 끊겨 실제로는 더 많이 처리되었을 수 있습니다.",
  skipped: (value) =>
    `${count(value)}개는 건너뛰었습니다. 다른 운영자나 브라우저가 되풀이한 요청 등이 이미 처리했거나 읽을 수 없는 문자열입니다.`,
  unclear: {
    retry: (value) =>
      `${count(value)}개는 응답을 받지 못해 다시 시도되었는지 다른 운영자가 처리했는지 알 수 없습니다.`,
    discard: (value) =>
      `${count(value)}개는 응답을 받지 못해 폐기되었는지 다른 운영자가 처리했는지 알 수 없습니다.`,
  },
  refused: (value) => `${count(value)}개는 서비스가 거부했습니다.`,
  untouched: (value) => `${count(value)}개가 남아 있습니다.`,
  notLookedAt: (value) => `${count(value)}개는 아직 확인하지 않았습니다.`,
  retryHint: "데이터베이스가 다시 거부한 문자열은 실패한 문자열로 돌아옵니다.",
  doTheRest: "나머지 계속하기",
  dismiss: "닫기",
  confirm: {
    retry: (which) => `${which} 다시 시도할까요?`,
    discard: (which) => `${which} 영구히 폐기할까요?`,
  },
  present: (value) =>
    `${value === null ? "" : `현재 ${count(value)}개입니다. `}그사이에 실패한 문자열도 포함될 수 있습니다.`,
  confirmed: { retry: "다시 시도", discard: "폐기" },
  confirmHint: {
    retry: "각 문자열은 대기열로 돌아가 한 번 저장되거나 다시 거부됩니다.",
    discard:
      "폐기하면 여기서 되돌릴 수 없으며, 보낸 쪽에서 다시 보낼 때만 저장됩니다. 사유는 서비스 로그에 남습니다.",
  },
  reason: "사유",
  reasonMissing: "로그에 남길 사유를 입력하세요.",
  cancel: "취소",
};
