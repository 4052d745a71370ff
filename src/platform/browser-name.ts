interface Brand {
  brand: string;
  version: string;
}

/** What Chromium adds to `navigator`; it is missing elsewhere and over plain HTTP. */
interface UserAgentData {
  brands: readonly Brand[];
  platform: string;
}

declare global {
  interface Navigator {
    userAgentData?: UserAgentData;
  }
}

/** Name and main version of the browser, and the system as the browser names it. */
export function browserAndSystem({
  userAgent,
  userAgentData,
}: Pick<Navigator, 'userAgent' | 'userAgentData'> = navigator): { browser: string; system: string } {
  if (userAgentData) {
    const brands = userAgentData.brands.filter(({ brand }) => !/not.*brand/iu.test(brand));
    // Chrome and Edge name themselves beside the Chromium that they are made of.
    const own = brands.find(({ brand }) => brand !== 'Chromium') ?? brands[0];
    if (own)
      return { browser: `${own.brand} ${own.version}`.slice(0, 200), system: userAgentData.platform.slice(0, 200) };
  }
  const [, system = ''] = /\(([^;)]+(?:; [^;)]+)?)/u.exec(userAgent) ?? [];
  const [, firefox] = /Firefox\/(\d+)/u.exec(userAgent) ?? [];
  const [, chrome] = /Chrome\/(\d+)/u.exec(userAgent) ?? [];
  const [, safari] = /Version\/([\d.]+).*Safari/u.exec(userAgent) ?? [];
  const browser = firefox
    ? `Firefox ${firefox}`
    : chrome
      ? `Chromium ${chrome}`
      : safari
        ? `Safari ${safari}`
        : userAgent;
  return { browser: browser.slice(0, 200), system: system.slice(0, 200) };
}
