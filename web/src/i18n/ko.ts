import { bulk } from "./bulk.ko";
import type { Messages } from "./en";
import { failed } from "./failed.ko";
import { history } from "./history.ko";

export const ko: Messages = {
  title: "ix-dummies",
  heading: "문자열 보내기",
  lead: "보낸 문자열은 정확히 한 번 저장되며, 저장될 때까지의 과정을 볼 수 있습니다.",
  shell: {
    nav: "메뉴",
    views: { send: "보내기", bulk: "대량 전송", history: "기록", failed: "실패" },
    skip: "본문으로 건너뛰기",
    theme: "테마",
    themes: { system: "시스템 설정", light: "밝게", dark: "어둡게" },
    loading: "불러오는 중…",
    unknown: "없는 페이지입니다",
    unknownHint: "주소가 잘렸거나 잘못 입력되었을 수 있습니다.",
    start: "첫 화면으로 가기",
    failed: (count) => `실패 ${count}개`,
  },
  reading: {
    token: "읽기 토큰",
    hint: "이곳의 문자열과 그 상태는 읽기 토큰이나 운영자 토큰이 있어야 볼 수 있습니다. 토큰은 이 탭을 닫을 때까지 탭에만 보관됩니다.",
  },
  form: {
    label: "텍스트",
    hint: "Enter로 보내고, Shift + Enter로 줄을 바꿉니다.",
    placeholder: "아무 글이나 입력하세요",
    submit: "보내기",
    folded: (lines) =>
      `${new Intl.NumberFormat("ko").format(lines)}줄은 입력란에 다 보이기에 너무 많아 앞부분만 표시합니다. 보낼 때는 전체를 문자열 하나로 보냅니다. 한 줄에 하나씩 보내려면:`,
  },
  refusals: {
    nul: "저장할 수 없는 NUL 문자가 들어 있습니다. 지운 뒤 다시 보내세요.",
    surrogate: "깨진 문자(짝이 맞지 않는 서로게이트)가 들어 있어 저장할 수 없습니다. 지운 뒤 다시 보내세요.",
    "too-long": "텍스트가 64 KiB보다 깁니다. 줄이거나 나누어 보내세요.",
    "not-taken":
      "텍스트가 문자열 하나의 한도인 64 KiB를 넘게 되어 입력란에 넣지 않았습니다. 한 줄에 하나씩 보내려면:",
    "not-dropped":
      "끌어 놓은 텍스트가 너무 길어 입력란의 내용에 더하지 않았습니다. 입력란을 비우고 다시 끌어 놓거나, 원하는 위치에 붙여넣으세요.",
    "storage-full":
      "보낼 때까지 텍스트를 보관할 공간이 이 브라우저에 없습니다. 완료된 항목을 지운 뒤 다시 보내세요.",
    "too-many-unsent":
      "이 브라우저에만 있는 문자열(전송을 기다리거나 서비스에 없는 것)이 너무 많습니다. 일부가 전송되거나 목록에서 지워진 뒤 다시 보내세요.",
  },
  notKept: "이 브라우저에는 저장할 수 없습니다. 페이지를 닫으면 아래 목록이 사라집니다.",
  list: {
    heading: "내 문자열",
    empty: "아직 보낸 문자열이 없습니다.",
    emptyHint: "보낸 문자열과 그 상태가 여기에 나타납니다.",
    clear: "완료된 항목 지우기",
    clearing: {
      heading: "완료된 항목을 지우시겠습니까?",
      onlyHere: (count) =>
        `문자열 ${count}개는 서비스에 없고 이 브라우저에만 있으며, 지우면 되돌릴 수 없습니다.`,
      confirm: "지우기",
      keep: "그대로 두기",
    },
    blank: "(공백만 있음)",
    erased: "(운영자가 지움)",
    more: "모두 보기",
    less: "접기",
  },
  states: {
    sending: "전송 중",
    delayed: "재전송 대기 중:",
    queued: "대기 중",
    accepted: "접수됨",
    stored: "저장됨",
    failed: "실패",
    refused: "거부됨",
    unknown: "알 수 없음",
    discarded: "없어짐",
  },
  notes: {
    queued: "접수되어 데이터베이스로 가는 중입니다.",
    unread: "접수되었습니다. 그 뒤의 상태는 읽기 토큰을 입력하면 표시됩니다.",
    unconfirmed: "저장되었는지는 지금 확인할 수 없습니다.",
    storedIn: (duration) => `${duration} 만에 저장`,
    failed: (reason) => `데이터베이스가 거부했습니다: ${reason}`,
    failedUnexplained: "데이터베이스가 거부했습니다.",
    unknown: "서비스에서 이 문자열을 찾을 수 없습니다.",
    discarded: "저장에 실패했던 문자열입니다. 운영자가 폐기했거나 대기열에서 유실되었습니다.",
  },
  delays: {
    unreachable: "서비스가 응답하지 않습니다.",
    "timed-out": "서비스가 제때 응답하지 않습니다.",
    "api-away": "서비스가 응답하지 않습니다.",
    "unknown-host":
      "서비스가 이 페이지가 쓰는 이름으로는 응답하지 않습니다. 운영자가 ALLOWED_HOSTS에 추가할 수 있습니다.",
    "foreign-origin":
      "서비스가 이 주소의 페이지에서 보내는 것을 받지 않습니다. 운영자가 CORS_ORIGINS에 추가할 수 있습니다.",
    "not-found":
      "서비스가 이 주소에서는 아무것도 제공하지 않습니다. 운영자가 요청을 보내는 주소를 바로잡을 수 있습니다.",
    "method-not-allowed":
      "서비스가 이 주소에서는 아무것도 제공하지 않습니다. 운영자가 요청을 보내는 주소를 바로잡을 수 있습니다.",
    "unexpected-answer": "서비스가 이해할 수 없는 응답을 보냈습니다.",
    "journal-away": "대기열이 응답하지 않습니다.",
    "database-away": "저장되었는지 데이터베이스에서 확인할 수 없습니다.",
    "database-error": "저장되었는지 데이터베이스가 알려 주지 않습니다.",
    "database-slow": "저장되었는지 확인하는 데 데이터베이스가 너무 오래 걸렸습니다.",
    "journal-full": "대기열이 가득 찼습니다.",
    "journal-volatile": "대기열이 문자열을 안전하게 보관할 수 없습니다.",
    "internal-error": "서비스에 문제가 생겼습니다.",
    busy: "서비스가 바쁩니다.",
    draining: "서비스가 다시 시작되는 중입니다.",
    "too-large":
      "서비스나 그 앞에 있는 서버가 이 크기의 요청을 받지 않습니다. 운영자가 더 큰 요청을 허용할 수 있습니다.",
    "rate-limited": "요청이 많아 잠시 제한되었습니다.",
  },
  delayedBecause: (detail) => `서비스의 답: ${detail}`,
  problems: {
    "unexpected-answer": (detail) => `이 주소의 서비스는 문자열을 받지 않습니다(${detail}).`,
    "invalid-text": (detail) => `저장할 수 없는 텍스트입니다. ${detail}`,
    "key-reused": () => "이 문자열의 키가 이미 다른 텍스트에 쓰였습니다. 텍스트를 다시 보내세요.",
    "too-large": () => "서비스가 받기에는 텍스트가 너무 깁니다. 줄이거나 나누어 보내세요.",
  },
  pipeline: {
    asking: "서비스를 확인하는 중입니다…",
    through: "문자열이 잘 저장되고 있습니다.",
    setAside: "문자열이 잘 저장되고 있습니다. 일부는 저장에 실패해 자동으로 다시 시도하고 있습니다.",
    someFailed: "문자열이 저장되고 있지만, 일부가 실패하여 운영자의 확인이 필요합니다.",
    yoursFailed: "여기서 보낸 문자열 중 일부가 실패하여 운영자의 확인이 필요합니다.",
    yoursDelayed: "여기서 보낸 문자열 중 일부가 아직 접수되지 않아 다시 보냅니다.",
    unaccounted: "서비스의 집계가 맞지 않아 운영자의 확인이 필요합니다. 새 문자열은 계속 접수됩니다.",
    unsure: "문자열은 접수되고 있으나, 저장되고 있는지는 아직 알 수 없습니다.",
    paused: "운영자가 저장을 일시 중지했습니다. 문자열은 접수되어 안전하게 보관됩니다.",
    pausedSince: (time, reason) => `${time}부터: ${reason}`,
    databaseUnavailable: "데이터베이스가 응답하지 않습니다. 문자열은 접수되어 안전하게 보관됩니다.",
    workersUnavailable: "응답하는 워커가 없습니다. 문자열은 접수되어 안전하게 보관됩니다.",
    journalSetBack:
      "대기열이 이미 접수된 문자열 일부를 잃은 채 복구되어 운영자의 확인이 필요합니다. 새 문자열은 계속 접수됩니다.",
    journalFull: "대기열이 가득 찼습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    journalVolatile:
      "대기열이 문자열을 안전하게 보관할 수 없습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    journalUnavailable: "대기열이 응답하지 않습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    journalPartlyUnavailable:
      "대기열 일부가 응답하지 않습니다. 그곳에 담을 문자열은 이 브라우저에 보관했다가 보냅니다.",
    unknownHost:
      "서비스가 이 이름으로는 응답하지 않습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    foreignOrigin:
      "서비스가 이 주소의 페이지가 보낸 것은 받지 않습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    noAnswer: "서비스가 응답하지 않습니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    offline: "이 기기가 오프라인입니다. 입력한 문자열은 이 브라우저에 보관했다가 보냅니다.",
    tryNow: "지금 시도",
    failed: (count) => `실패 ${count}개`,
    details: {
      show: "자세히",
      waiting: "대기",
      oldest: "가장 오래 기다린 시간",
      rate: "초당 저장",
      left: "남은 시간",
      failed: "실패",
      journal: "대기열",
      database: "데이터베이스",
      workers: "워커",
      workersUp: (count) => `워커 (${count})`,
      nothing: "없음",
      notKnown: "알 수 없음",
      states: { up: "정상", away: "응답 없음", unknown: "아직 알 수 없음" },
      since: (time) => `${time}부터`,
      chart: (total, peak) => `최근 5분 동안 ${total}개 저장, 최대 초당 ${peak}개.`,
      chartHeading: "최근 5분",
      chartPeak: (peak) => `최대 초당 ${peak}개`,
      chartStart: "5분 전",
      chartEnd: "지금",
      noFigures: "지금은 수치를 알 수 없습니다.",
    },
    waiting: (count) => `${count}개 대기`,
    waitingFor: (count, duration) => `${count}개 대기, 약 ${duration}`,
  },
  announce: {
    delayed: (count) => `문자열 ${count}개가 재전송을 기다립니다.`,
    stored: (count) => `문자열 ${count}개가 저장되었습니다.`,
    failed: (count) => `문자열 ${count}개가 실패했습니다.`,
    refused: (count) => `문자열 ${count}개가 거부되었습니다.`,
    unknown: (count) => `문자열 ${count}개를 찾을 수 없습니다.`,
    discarded: (count) => `문자열 ${count}개가 폐기되었습니다.`,
  },
  found: {
    all: (hits) => `문자열 ${hits}개를 찾았습니다.`,
    soFar: (hits) => `지금까지 문자열 ${hits}개를 찾았습니다.`,
  },
  copy: { copy: "복사", copied: "복사됨", failed: "복사하지 못함", again: "한 번 더 눌러 복사" },
  send: {
    details: "자세히",
    bytes: (count, limit) => `${limit}바이트 중 ${count}바이트`,
    bytesOver: (count) => `(${count}바이트 초과)`,
    inLine: (place) => `접수되었습니다. ${ahead(place)}입니다.`,
    inLineFor: (place, duration) => `접수되었습니다. ${ahead(place)}이며, 약 ${duration} 남았습니다.`,
  },
  bulk,
  failed,
  history,
  duration: {
    milliseconds: (value) => `${value}ms`,
    seconds: (value) => `${value}초`,
    minutes: (minutes, seconds) => `${minutes}분 ${seconds}초`,
    hours: (hours, minutes) => `${hours}시간 ${minutes}분`,
  },
  footer: "ix-dummies: 문자열을 하나하나 정확히 한 번씩 PostgreSQL에 저장합니다.",
  api: "API 문서",
  crashed: "페이지가 멈췄습니다",
  crashedHint: "페이지를 새로 고쳐 계속하세요. 이 브라우저에 저장된 내용은 그대로 있습니다.",
  reload: "새로 고침",
};

function ahead(place: number): string {
  return place > 1 ? `앞에 약 ${new Intl.NumberFormat("ko").format(place - 1)}개 대기 중` : "다음 차례";
}
