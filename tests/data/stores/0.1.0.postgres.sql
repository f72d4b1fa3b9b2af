






CREATE TABLE public.acts (
    id integer NOT NULL,
    subject text NOT NULL,
    deed text NOT NULL,
    at bigint NOT NULL,
    by text NOT NULL,
    detail text
);



CREATE SEQUENCE public.acts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.acts_id_seq OWNED BY public.acts.id;



CREATE TABLE public.alarm_channels (
    channel text NOT NULL,
    sent_seq bigint NOT NULL,
    sent_at bigint,
    due_at bigint,
    claimed_until bigint,
    attempts integer NOT NULL,
    first_failed_at bigint,
    last_try_at bigint,
    last_result text
);



CREATE TABLE public.alarms (
    kind text NOT NULL,
    subject text NOT NULL,
    since bigint NOT NULL,
    words text NOT NULL,
    detail text,
    event text NOT NULL,
    event_at bigint NOT NULL,
    event_seq bigint NOT NULL,
    absent_since bigint,
    over_at bigint
);



CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);



CREATE TABLE public.appearance (
    key integer NOT NULL,
    digest text NOT NULL,
    since bigint NOT NULL
);



CREATE TABLE public.archive_documents (
    feed text NOT NULL,
    number integer NOT NULL,
    format text NOT NULL,
    digest text NOT NULL,
    links json NOT NULL,
    size_bytes integer NOT NULL,
    gzip bytea NOT NULL
);



CREATE TABLE public.archives (
    feed text NOT NULL,
    number integer NOT NULL,
    closed_at bigint NOT NULL,
    purged_at bigint
);



CREATE TABLE public.backups (
    key integer NOT NULL,
    taken_at bigint,
    place text,
    size_bytes bigint,
    claimed_until bigint
);



CREATE TABLE public.canaries (
    hub text NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    topic text NOT NULL,
    token text NOT NULL,
    secret text NOT NULL,
    state text NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    asked_at bigint,
    verified_at bigint,
    expires_at bigint,
    last_result text
);



CREATE TABLE public.configuration (
    key integer NOT NULL,
    digest text NOT NULL,
    since bigint NOT NULL,
    applied_by text NOT NULL,
    month_zone text DEFAULT 'UTC'::text NOT NULL
);



CREATE TABLE public.deliveries (
    subscription_id bigint NOT NULL,
    host text NOT NULL,
    wanted_edition integer NOT NULL,
    delivered_edition integer NOT NULL,
    due_at bigint,
    is_failing integer NOT NULL,
    claimed_by text,
    attempts integer NOT NULL,
    first_failed_at bigint,
    last_try_at bigint,
    last_result text,
    last_took_ms integer,
    delivered_at bigint
);



CREATE TABLE public.departures (
    release_id text NOT NULL,
    feed text NOT NULL,
    number integer NOT NULL
);



CREATE TABLE public.desk_key (
    key integer NOT NULL,
    secret bytea NOT NULL
);



CREATE TABLE public.documents (
    feed text NOT NULL,
    format text NOT NULL,
    edition integer NOT NULL,
    digest text NOT NULL,
    modified_at bigint NOT NULL,
    links json NOT NULL,
    size_bytes integer NOT NULL,
    gzip bytea NOT NULL,
    layout bytea DEFAULT '\x'::bytea NOT NULL,
    updated bigint
);



CREATE TABLE public.doubtful_filings (
    release_id text NOT NULL
);



CREATE TABLE public.drafts (
    id text NOT NULL,
    version integer NOT NULL,
    record json NOT NULL,
    source_key text NOT NULL,
    revision integer,
    face text,
    made_by text NOT NULL,
    made_at bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at bigint NOT NULL,
    preview text
);



CREATE TABLE public.embargoes (
    release_id text NOT NULL,
    source_key text NOT NULL,
    digest text NOT NULL,
    until bigint NOT NULL,
    draft json NOT NULL,
    held_since bigint NOT NULL,
    held_by text NOT NULL,
    slug text NOT NULL,
    category_names json NOT NULL,
    work text,
    version integer NOT NULL,
    published_id text,
    published_iri text
);



CREATE TABLE public.feeds (
    slug text NOT NULL,
    id text NOT NULL,
    selection text NOT NULL,
    settings text NOT NULL,
    edition integer NOT NULL,
    changed_at bigint NOT NULL,
    stale_seq bigint NOT NULL,
    rendered_seq bigint NOT NULL,
    stale_since bigint,
    rendered_settings text,
    claimed_by text,
    claimed_until bigint,
    failures integer NOT NULL,
    trouble text,
    ended_at bigint,
    archives integer DEFAULT 0 NOT NULL,
    news_seq bigint DEFAULT '0'::bigint NOT NULL
);



CREATE TABLE public.filings (
    release_id text NOT NULL,
    feed text NOT NULL,
    placed_at bigint NOT NULL,
    published bigint NOT NULL,
    stamp text DEFAULT ''::text NOT NULL,
    archive integer
);



CREATE TABLE public.former_documents (
    feed text NOT NULL,
    format text NOT NULL,
    digest text NOT NULL,
    layout bytea NOT NULL,
    replaced_at bigint NOT NULL
);



CREATE TABLE public.fragments (
    release_id text NOT NULL,
    format text NOT NULL,
    fingerprint text NOT NULL,
    body bytea NOT NULL
);



CREATE TABLE public.hub_tallies (
    hub text NOT NULL,
    pings_sent bigint NOT NULL,
    pings_accepted bigint NOT NULL,
    deliveries_sent bigint NOT NULL,
    deliveries_accepted bigint NOT NULL,
    verifications_sent bigint NOT NULL,
    verifications_confirmed bigint NOT NULL,
    pushes_expected bigint NOT NULL,
    pushes_seen bigint NOT NULL,
    last_failure_at bigint,
    last_failure text
);



CREATE TABLE public.imported_files (
    key text NOT NULL,
    address text NOT NULL,
    digest text NOT NULL,
    media_type text NOT NULL,
    length_bytes bigint NOT NULL
);



CREATE TABLE public.imports (
    key text NOT NULL,
    begun_at bigint NOT NULL,
    held_until bigint NOT NULL,
    "position" integer NOT NULL,
    tally json NOT NULL
);



CREATE TABLE public.intake_files (
    host text NOT NULL,
    path text NOT NULL,
    size_bytes bigint NOT NULL,
    modified_ns bigint NOT NULL,
    rules text NOT NULL,
    read_at bigint NOT NULL
);



CREATE TABLE public.media (
    digest text NOT NULL,
    media_type text NOT NULL,
    length_bytes bigint NOT NULL,
    name text NOT NULL,
    width integer,
    height integer,
    added_at bigint NOT NULL,
    added_by text NOT NULL,
    is_complete integer NOT NULL,
    unused_since bigint
);



CREATE TABLE public.media_chunks (
    digest text NOT NULL,
    number integer NOT NULL,
    bytes bytea NOT NULL
);



CREATE TABLE public.media_uses (
    holder text NOT NULL,
    digest text NOT NULL,
    name text NOT NULL,
    is_public integer NOT NULL
);



CREATE TABLE public.missing_feeds (
    address text NOT NULL,
    requests bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL
);



CREATE TABLE public.month_counts (
    feed text NOT NULL,
    month integer NOT NULL,
    language text NOT NULL,
    releases integer NOT NULL,
    changed_at bigint NOT NULL
);



CREATE TABLE public.names (
    folded text NOT NULL,
    name text NOT NULL,
    categories json NOT NULL,
    is_claimed integer NOT NULL
);



CREATE TABLE public.pings (
    feed text NOT NULL,
    format text NOT NULL,
    hub text NOT NULL,
    wanted_seq bigint NOT NULL,
    told_edition integer NOT NULL,
    has_failed integer NOT NULL,
    attempts integer NOT NULL,
    due_at bigint NOT NULL,
    claimed_until bigint,
    first_failed_at bigint,
    last_try_at bigint,
    last_result text
);



CREATE TABLE public.processes (
    worker text NOT NULL,
    role text NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at bigint NOT NULL,
    worked_at bigint,
    did text,
    did_at bigint
);



CREATE TABLE public.pushes (
    hub text NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    edition integer NOT NULL,
    digest text,
    told_at bigint,
    arrived_at bigint,
    arrived_edition integer
);



CREATE TABLE public.readership_agents (
    day text NOT NULL,
    agent text NOT NULL,
    kind text NOT NULL,
    requests bigint NOT NULL,
    conditional bigint NOT NULL,
    not_modified bigint NOT NULL,
    compressed bigint NOT NULL,
    bytes_sent bigint NOT NULL
);



CREATE TABLE public.readership_days (
    day text NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    requests bigint NOT NULL,
    not_modified bigint NOT NULL,
    unconditional bigint NOT NULL,
    bytes_sent bigint NOT NULL,
    bytes_saved bigint NOT NULL,
    pollers bytea NOT NULL
);



CREATE TABLE public.readership_reports (
    day text NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    service text NOT NULL,
    feed_id text NOT NULL,
    poller text NOT NULL,
    subscribers bigint NOT NULL
);



CREATE TABLE public.readership_salts (
    day text NOT NULL,
    salt bytea NOT NULL
);



CREATE TABLE public.redirect_uses (
    origin text NOT NULL,
    rule text NOT NULL,
    uses bigint NOT NULL,
    used_at bigint NOT NULL
);



CREATE TABLE public.redirects (
    address text NOT NULL,
    release_id text,
    feed text,
    format text,
    page text,
    added_at bigint NOT NULL
);



CREATE TABLE public.refusals (
    document text NOT NULL,
    line integer NOT NULL,
    field text,
    reason text NOT NULL,
    remedy text NOT NULL,
    refused_at bigint NOT NULL,
    until bigint
);



CREATE TABLE public.release_names (
    release_id text NOT NULL,
    folded text NOT NULL
);



CREATE TABLE public.release_search (
    number bigint NOT NULL,
    release_id text NOT NULL,
    terms tsvector NOT NULL,
    digest text NOT NULL
);



CREATE TABLE public.releases (
    id text NOT NULL,
    source_key text NOT NULL,
    slug text NOT NULL,
    revision integer NOT NULL,
    digest text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    summary text NOT NULL,
    language text NOT NULL,
    published bigint NOT NULL,
    updated_by_source bigint,
    url text,
    authors json NOT NULL,
    enclosures json NOT NULL,
    category_names json NOT NULL,
    updated bigint NOT NULL,
    changed_at bigint NOT NULL,
    details json,
    work text,
    face text,
    notes json,
    translations json,
    retracted_at bigint,
    retraction_reason text,
    document text,
    source text,
    notice_since bigint,
    published_id text,
    published_iri text,
    is_permalink integer,
    placed_at bigint
);



CREATE TABLE public.revisions (
    release_id text NOT NULL,
    revision integer NOT NULL,
    content json NOT NULL,
    updated bigint NOT NULL,
    changed_at bigint NOT NULL,
    replaced_at bigint NOT NULL,
    notes integer DEFAULT 0 NOT NULL
);



CREATE TABLE public.sessions (
    hash text NOT NULL,
    "user" text NOT NULL,
    began_at bigint NOT NULL,
    seen_at bigint NOT NULL
);



CREATE TABLE public.set_aside (
    release_id text NOT NULL,
    format text NOT NULL,
    fingerprint text NOT NULL,
    reason text NOT NULL,
    since bigint NOT NULL
);



CREATE TABLE public.sign_in_attempts (
    subject text NOT NULL,
    attempts integer NOT NULL,
    since bigint NOT NULL
);



CREATE TABLE public.sitemap_parts (
    number integer NOT NULL,
    published bigint NOT NULL,
    release_id text NOT NULL
);



CREATE TABLE public.store_identity (
    key integer NOT NULL,
    id text NOT NULL,
    restores integer DEFAULT 0 NOT NULL
);



CREATE TABLE public.subscription_requests (
    id integer NOT NULL,
    mode text NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    topic text NOT NULL,
    callback text NOT NULL,
    host text NOT NULL,
    wire text NOT NULL,
    secret text,
    lease_s integer NOT NULL,
    reason text,
    client text NOT NULL,
    asked_at bigint NOT NULL,
    due_at bigint NOT NULL,
    claimed_by text,
    attempts integer NOT NULL
);



CREATE SEQUENCE public.subscription_requests_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.subscription_requests_id_seq OWNED BY public.subscription_requests.id;



CREATE TABLE public.subscriptions (
    id bigint NOT NULL,
    feed text NOT NULL,
    format text NOT NULL,
    callback text NOT NULL,
    host text NOT NULL,
    wire text NOT NULL,
    secret text,
    lease_s integer NOT NULL,
    request_id integer NOT NULL,
    since bigint NOT NULL,
    confirmed_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    suspended_at bigint,
    suspended_because text
);



CREATE SEQUENCE public.subscriptions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.subscriptions_id_seq OWNED BY public.subscriptions.id;



CREATE TABLE public.tokens (
    name text NOT NULL,
    hash text NOT NULL,
    actions json NOT NULL,
    categories json,
    made_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);



CREATE TABLE public.unindexed (
    number bigint NOT NULL,
    release_id text NOT NULL
);



CREATE SEQUENCE public.unindexed_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.unindexed_number_seq OWNED BY public.unindexed.number;



CREATE TABLE public.upstream_items (
    upstream text NOT NULL,
    item text NOT NULL,
    shared text,
    source_key text,
    digest text NOT NULL,
    seen_at bigint NOT NULL,
    reason text,
    is_owner integer NOT NULL,
    taken_at bigint,
    deleted_at bigint,
    categories json NOT NULL
);



CREATE TABLE public.upstream_pushes (
    id bigint NOT NULL,
    upstream text NOT NULL,
    arrived_at bigint NOT NULL,
    content_type text NOT NULL,
    body bytea NOT NULL
);



CREATE SEQUENCE public.upstream_pushes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.upstream_pushes_id_seq OWNED BY public.upstream_pushes.id;



CREATE TABLE public.upstream_subscriptions (
    upstream text NOT NULL,
    hub text NOT NULL,
    topic text NOT NULL,
    token text NOT NULL,
    secret text NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    asked_at bigint,
    verified_at bigint,
    expires_at bigint,
    last_result text,
    pushes integer NOT NULL,
    came_by_push integer NOT NULL,
    missed integer NOT NULL
);



CREATE TABLE public.upstreams (
    slug text NOT NULL,
    url text NOT NULL,
    fetch_url text NOT NULL,
    host text NOT NULL,
    due_at bigint NOT NULL,
    claimed_by text,
    claimed_until bigint,
    is_configured integer NOT NULL,
    validated_url text,
    etag text,
    last_modified text,
    moved_to text,
    moved_since bigint,
    is_partial integer NOT NULL,
    last_poll_at bigint,
    last_success_at bigint,
    last_result text,
    failures integer NOT NULL,
    failing_since bigint,
    ended_at bigint,
    paused_at bigint,
    first_success_at bigint,
    title text,
    polls integer NOT NULL,
    not_modified integer NOT NULL,
    taken integer NOT NULL,
    corrected integer NOT NULL,
    deleted integer NOT NULL,
    left_out json NOT NULL
);



CREATE TABLE public.users (
    name text NOT NULL,
    password text,
    roles json NOT NULL,
    categories json,
    made_at bigint NOT NULL,
    disabled_at bigint
);



ALTER TABLE ONLY public.acts ALTER COLUMN id SET DEFAULT nextval('public.acts_id_seq'::regclass);



ALTER TABLE ONLY public.subscription_requests ALTER COLUMN id SET DEFAULT nextval('public.subscription_requests_id_seq'::regclass);



ALTER TABLE ONLY public.subscriptions ALTER COLUMN id SET DEFAULT nextval('public.subscriptions_id_seq'::regclass);



ALTER TABLE ONLY public.unindexed ALTER COLUMN number SET DEFAULT nextval('public.unindexed_number_seq'::regclass);



ALTER TABLE ONLY public.upstream_pushes ALTER COLUMN id SET DEFAULT nextval('public.upstream_pushes_id_seq'::regclass);



INSERT INTO public.acts VALUES (1, 'urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'corrected', 1772452860000000, 'folder', 'major');
INSERT INTO public.acts VALUES (2, 'urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'retracted', 1772452920000000, 'test', 'In error.');
INSERT INTO public.acts VALUES (3, 'urn:uuid:c06243dc-eaed-5ddf-bc34-c28ae6c89ede', 'embargoed', 1772452980000000, 'folder', 'until 2026-03-03T12:00:00Z');









INSERT INTO public.alembic_version VALUES ('0001');



INSERT INTO public.appearance VALUES (1, '5acd312aa6669d95778449b7c39fdbaaab3be22fa0cbbcc4455b7743e115c76a', 1772452801000000);















INSERT INTO public.configuration VALUES (1, '2482c008acb2003e778f961455aead11198b1daeab4997b556eeac6df67e8d90', 1772452800000000, 'command', 'UTC');












INSERT INTO public.documents VALUES ('cooperation', 'atom', 1, '78acd66cdcb99e2c572570023affc65d', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/cooperation.atom"}]', 650, '\x1f8b08000000000004ff9d513b6edc3010edf71402db401aaeb4eb380245c7309036299c261d250d5744f80b3f91f64839472e164886e205dcb99df79d19f6b0185dfcc61095b31d395694146807372a7be9c8f7e72fe53d79e0072611c76231dac6564e1d9952f22d80cf41572e5c205eeda8069194b330a9985cb8c2e6b549fef3e779aee66653d4949ee13139b3715a2dd63cb4843335f21c6c9bb31adba639f5777d732c8fb5a8cb732f87b2972759de7fa403fd743ef5cda961a046ce924a1a8b74f5d891844b22fcc9398f61ebc4608339cb7e1409475ed3faaea44d49ebe763dd52da52fa83c18e3291d3e402675618e4df02c6587c95520dc8601b31344269ee57e4332ec2788deb560c5e0006bbc305eddac105fee48cc956fdca7fff30781db398fbb7dd1f7b975331bc6e5031d8899c69657f16017547844e18ac48486ee43025a3493105942f978f2d80c53956375561fd68849b0802b7ce11b5dc4d85f77affae48ce7c58dee35fadd235444eede0565e42e007b631f9e11f6ec77b3b8a020000', '\x0000028101', 1772452800000000);
INSERT INTO public.documents VALUES ('cooperation', 'json', 1, '614377f115a8748ab8748b3499af2333', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/cooperation.json"}]', 390, '\x1f8b08000000000000ff9d8ecd0ac2301084ef7d0ad97369f09a93e203e85d4462ddb691241bb25b15c47737f107ea51af33f37dcc0dce98d852000d834864add489297488c78652afdeb59a3773a841ac38ccd31551c464a480350ce4711f4d8ffb31b98928e0851bbc1a1f1d3e65c5caaafd824bf633d7948f193e22b7c9c6a74ac3f240a3cca6b33c7126f463fe967b2c881965a004fa06c1f8926e1232cfd65d675bccfdeb8a37d609e958bac5e40adc3f0606bdfdd7b1abc10afaa2a8aaddbd7a0005938bf086010000', '\x0000018202', 1772452800000000);
INSERT INTO public.documents VALUES ('cooperation', 'rss', 1, '64e706cdae0394b487fb6b84d4c86148', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/cooperation.rss"}]', 869, '\x1f8b08000000000004ff9d92cf6e133110c6ef790acb2750e9dad90a84568e4b2970abe0000fe0dab3bb16feb3786649f2483c072f86bc4dd2885c1027cbe3ef37df7866d4ed2e06f6130afa9c367cdd48ce20d9ec7c1a36fcdbd74fd76ff9ad5ea982c8763124ec0ce5b8e123d1d409b1dd6e9bed4d93cb205a295f8b3bca911f843627824427ed3497b0280ba2583752c4ece600280e4271049dbd649c15102042a2caae4fda7ebcd4e23e396f0df99cc4e89172d9573ffefccdb6915c2b3b9a942068459e02e8fb9c27280ba6c45348059fbeeb9a1f3b21126cb1819d895380c5a80770b5fc336e019403b4c54f35a4ef1ef34cec4cd42871feae5cb678f2a80d2d888fd914b77814c46b9cc0fafef0252516400d906ac25cf47d8e714efec7fcfb9712cf61154c1a663380865ad8f1a282417a3ffbe03e1802fd90d32b265bf6600a6b65fb86addb4eca4e4a7625a594153c97ab6892197c1a3e3a5f4da60288efce9ac25e7ca921f6b9efbd85974afc0528a2a06fa412f5547599bada3356206c3842e839a3fd041b6ea6291ca75810af7631703616e89f06fe6f03a9bde4e2c2c70482920cc1d18c604762a4ffb1a8e9fbb1b3b94a08845e2971daac5ab95efd017076fcca65030000', '\x0000035301', 1772452800000000);
INSERT INTO public.documents VALUES ('finance', 'atom', 1, '7dede23fe6dfc54e096f810d21f47101', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/finance.atom"}]', 1130, '\x1f8b08000000000004ff9592416edb301045f73905ab6d4151b6635b1668a6468a005db50b77d3208bb134b28852a44a8e6aeb483d472f5648b61217695264cb99fff967dec89b636dd84ff4413bbb8e26711231b4b92bb4ddafa3afdb3b9e4637ea4a9688053bd6c686acacd65145d4644234ad37b1f37b113a5be81c483b2b2a1dc8f94e0c5e83e4b1ff7038c487d9a09826c95c6cc8d5434f66a0ff0f6da4a42e54eb6dd6b6bac8f26435cb97e5822fb028f97c3547be9acf567c9914b84c532c770052e84249d2649051d7e03a223c52a4eeb4059ba3144349c9b62980b050d364bae0c98c27d3ed649a25499624dfa418ab125aaa9c57d2428dea8bc710d8e7b2d4bdd1f024b1066d54d3573ee011eac6603f9114a78214a3c31e2d7a20e7d5adabebd6ea1fedef5f523c3dcbd0ee9ee7deec5c4bac3ca58fa5189b9434da7e671ecd3a0243e82d1046175251516d2256792c4f1b0f9910160f21be88297a92419ced2371e91ad094a321348d198902b9fafdf1adde712feb3f28ab2c777d0fa150122df9ee35e650e6709de28acf57087c0ed394ef52b8e6698a499e2fb08049fe12f30d238f401dd38105bdb758bc8a7f923dc39f3b4b68e9ec3a6c54c977f7b71f37dbcdbd6cd427620718cd19b902ba588a463d3c2829cee21e6c5d83effecaf66fe5b953c91c08f7aed7a0afd7d1088819d8f56cced7dcefb369774687eac5599eea6fb8984718ff63ecd120040c02f869d75c077e1a8a8fe8fa946200adaee47015eaea0fe6875bd86a040000', '\x0000027101bee8f528b75c410a000001f0', 1772452800000000);
INSERT INTO public.documents VALUES ('finance', 'json', 1, 'c66a6b6ccf80388051df4cdb8c4c7468', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/finance.json"}]', 757, '\x1f8b08000000000000ff9d92414ff3300c86effb1595cfcddaee035422843e2e489ce0c009344d5ee3b6414d52250e304dfbef288c4e13022438267efcfad56b6fe1997cd0ce82849e790cb2289e82b32d919a3bdf151fe5a29a5790036b1e08245c6b8bb621c8a17786562376b48a7e3812b1f412e6f48a661ce85d282986a23d34a6f7af7ae6c917e4a028345e8fbc377db57691b309811c06b45dc42eb9a48463e4de79905bb068d2ef9da710b2dbb6d5ef3ef6160cea819d1c53edff9105d84d0a01e4e35f35963968269324665bd00a24446f658c5a496c1b3ca9e95c9c9e138a535cd4625de389a86b2a9be68c1456cd61c4b749791a08038502057b42de081d44d09d2525a60947fbbbcaf654a643b6a72087108d41bf0109379cbde054c9d829dca4681b67992caf7a36c9ccc578f91578518c974730d32b7f2fa9906935c6f5a0434f299745b93813e53f512eeeab4a96a52ccb8789334ee956ff847d5e3e6397423fdceb72375bee666fc7842326f5020000', '\x0000017202a3e86705162dcc9b0000017f', 1772452800000000);
INSERT INTO public.documents VALUES ('finance', 'rss', 1, '1b62c9c56938d1d587586a20449809c4', 1772452800000000, '[{"rel": "self", "href": "https://news.example.org/feeds/finance.rss"}]', 1326, '\x1f8b08000000000004ff9554cd6e133110bef7298c4f20d8d8497f94ae1c97d05209898a1ecaa9eac1b1673756bdf6e2f192e491780e5e0c39c926a1a5024e2b7bbe9fdd996f565c2c1b47be43441bfc840e079c12f03a18ebeb09fd7a775d8ce9853c1211912c1be7b1542934133a4fa92d195b2c1683c5f120c49a8d383f65d3141aba05eae013f8b4c3b65d746b644464c301674d309d03645b20eb89463fe718cdc041033e65ee7087ade6cfb1b8f2c66a956cf06c6e3185b8ca7e74ff99a301a752e8b9f21e9c14c92607f2da7ae53508b6390a67fda3ccda5832e661810358aaa675b036a9000cb2aae7acc1c200ea68dbec2ca7b3d025b2050c043bac091334eeb4731323e22ca868d6da11b1c016b4adb69f21d89a206af010550a515e86a6e9bcfdd6fdfc21d8fe5a38e5eb4ed520c10bb63b08a7307de8ac33572a81bc09fe1de12372a32219f1d119198e4ace4bcec95bce39cfc443b8689457b5f5f54763b3491b01f1fd4133c8ebdb7c45be5495d5f046b02704919293c75cb0fc14394065ee1789e02614c15594a4550b13aadad6f5938b886f978da3641ea1da0cf9ef83c87da4ec99877209a257097aa304cbc4e6e97fe5b374352f75c8e5044c0a9ba0c9512c73af27143cede3342529824a2b6291a0ad3d987f4c5604070a01992a360a85c562a350a84aab93319cff29709f1259a8de8ba460d4ea69ecb69b56ae371c8c14afee2fafa677d37bd1be406fe5c38314fd8aee8975670db1780bb1519fad7f9cd04a39042abbe8cbaeb3a6ec5fb5383d07559caad1b8988dd549311e03d7fa0c8c1a6ac1b28e145a25a8435ced77707723da6ef6426887bf87b6070aa3d7d3d8adc1e1391775ee6a88f230b46b545f102c8f551e09b6fb45e438caa35fdaf6f10e2e050000', '\x0000033f018095fcbdbbd31288000001dd', 1772452800000000);
INSERT INTO public.documents VALUES ('all', 'atom', 2, '278cce6291b71ffa3b8984ed65a489f2', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/all.atom"}]', 4034, '\x1f8b08000000000004ffed57cb8edb3614ddcf57b0dab6346559b26481663a4811348ba24530458106595c515796508a54493a1e7f52bfa33f5650b2671c64c61307c1a001b2e3ebbece3997a2f88bdb5e91f7685d67f43a9acfe288a096a6eef4661dfd7ef38a16d10b71c51bc49adcf64abb12fc3a6abd1f4ac686ad553363370cbce9876dc5bce92be78d46c746579345d37e6ce1f6baee24f8ce68d676ce1bbb3f31b93bbfdbed66bbc56891c471c6aebde9c733a5829021ea48f0ae165babcbedb6abcbaa8865d160436199e7345ba4312db2a6a2899c2f933acfea265e70d6d582fbce2b247e3fe03af278eb2371ad1467e3b2e0dba1068fb548e26449e3058d939b7952c64919c77f7276dce5b0f5adb1826be851fc66d139f26bd37412391b9738f6d02931849d1ff116fa4161a886b36983b3a3870d6ab4e08d152f4ddf6f75f7f7f6df7f38bb5fe66e5b3d907365b69e805233ce8e0704579dfe8b5854eb089447abc1637462c65adfab88b4169b09695732a671e7662729b2c0b963a054c44e3d3a54cdd1190c833ab21834f0fded257e67c124386fda529ab0ef91090ebeac318c6b8adadb3d19dddd319c55751217cb255da47941b34593d34ae62b5a2700b888d32a4d1711d9b5a8d7d143ec45630469fa1eb517af35416b8d9d7176b23a4e3e48425cf1299933dacb8b142093295d2ce38266755ed155b16c683a877ad1c472354ff131edbd416f417aac4bf287357a73a910a5d11eb53ff81cf915fcbbb72f7fbabeb97ecb0771d3768e8c320c2c2238243b08e343586234b90f4140d7a473441ba28cdea025ef4175f58cb341f041bc41704697e404bc415cf14170788afc4370c776a14a7a243312bcaa3b71283d0c390311dcbe7b27383b54177aa0efc1ee3f80eecb94461e28ea104df0615ba9ceb58fd270bf7f41ebdda9e873316382b34f1667ba82e532a92a8aab18689635355d15794253c85680f3a258e5f3c7c4f9d2588b32747949ae89b7087e3f61e889eb361aeba7e43abf4cae442a706e1dc9bbc011b987abeeec3a52de46823b1f203949f007c27dd7230971c2e0a33b60cc241209f905ac6c476184e47b14256707776414e3a8aba3a25a70a442d4e49012866698747ab1f4814e10d2ced1093e2a97599e4385873e780ce429e0458d71b6803b814bf0b831c11e6dbf8e5a04e5db80791594fcf33465671ae140f03335c239042fea8aa3152d64dcd00ce284822c520ab04a6592a479357ff4cafed60963a88f3ae1b51fefdf090ee24d0dfbf103f1b4601fb6fc42220de54ed87f6d228546425ae08a662b049a4152d0aa80941605c6522eb186b9fc14914e499c15e83d489f2ad067a3bbe9346889777cbf3accffd7841fa9bb8cf0e317fedc13f731c2bffe87e4d3c2f932397cc68befd92575e6c537fe4789abff00d6304e58c20f0000', '\x0000032b016504e750484345f60000029cf7cd3c83193ddf4f00000315dbc0bf96d5e0a157000002a4bee8f528b75c410a000001f010e262bb2bbb43e200000245', 1772452920000000);
INSERT INTO public.documents VALUES ('all', 'json', 2, '5e920ee4e0f84ab23e060e5065dd705d', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/all.json"}]', 3544, '\x1f8b08000000000000ffe597df8fa33610c7dff7afb0fc8c1742200144a2ae2a55bd87aad5e9a44a2dab683043700586dae6f656abfcef959370619b64b37b977bb97b73ecf1fcf8ce076bf2443fa2d2a29534a195319d4e5cf71fddca12b1b86dd5dadd1fbb93db0975a811a6469ad0bbbaa60eadda06571dac71d5ab7ae440e283bec54fd074356e9d586fda85ed25bb7eb5fdadcd853ab440cd95e8cc2ed1bbbced0db1c7d4a135c8750f6b9b155a53e84dd52a9a3c51098dddfd43a1d6e4f7b2141ca94377a11b10b56993ce9efd340a4d3783074d93bfbfd4c7bd4385c1c6bab879a2a2a009ed954cfa5e14c93c0a00421eb0e9cc8b5858cc731647b392051328a6a5c7e349700871562185358246ed3ea856ae599817be17cd66a316bd47a3801b2c12f2a7b5a10ed57dd3807aa409fd50094db68993bd27f20076bdbf435a497ccf9f316fca3c9f802c88d044b6a46ee51a15f908b5286ec97b04ddca84bc9304956a95ed076fa541695695696c0569b7bc4eb0d4ed9669b73c0a69f7339976cb1448a5b05c646f562da3cb342fc472ab53eada65eac2d27a1e1564f093b99a7499cce451297673e8550106575d9fd7425768013af8fc30f113cf4f3cefafc1ae690b518a97cc9e7f251be708cb2086d9cccf7386b1072c0ccb82c5d1dc67018431e0248ae2b97d005e8b2530a310cc23139a69b19658303e0be773c82ddc03a33fb74a21b75f7542eec8eec64e2d4376b78ea91d44af40931c5112be7382c549fa08af41eb4546f766a2951925568e4546d1ae0ba11619ad8db2186863f55f1e1273486a4483c4ea6c178becff124facc4195dfae43750bcda363f75aded3249ddbd43b205ec5201037b5f40f40b820f789f56f812ef6329c62526e4523516e7d3315fc1f756d5cb7c0f66cff976a881b57d7de9af08b5a9e8fd09e2077958c4bd9285e0f90c7814308038e0be1fccf3c95b1ee2171a3022feac1e07cadf99ed83b23b21a62de0f1bb23fb548ddf02bf53712ec167abbe2e7c0e5df1b6697a29feedd14e26878eeda60cb0959e712e5b631d5faa966eee3727208792431061ccc2188185e0472c8f206051841ee7332c60c2bf0ef221c219c8bf02f0375072caf24a7d1e999debf32f4282e478f29519660c360de6110ba7e59ce57c1eb3c207c0a917e441307d43039e0f2e23cd7fa4716f14f6db0f6557c2e8ec2c76f4387c4edafe78a8d0fee339e3496d93b5fc7fce76b3d9dcdc6f6efe031e6bc348d80d0000', '\x00000162023386d7c0993bdd4700000295872376c20d83a88e000002f0107206d4564f647b000002e3a3e86705162dcc9b0000017f91fc66d55c401a4800000283', 1772452920000000);
INSERT INTO public.documents VALUES ('all', 'rss', 2, '221392ea641a0d58fa0d8974c335d932', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/all.rss"}]', 4278, '\x1f8b08000000000004ffed97dd6edb361480eff3149cae36b4346559b665815697b52b5660c58a22c38015bd38228f6ca214a991749d3cd29e632f3650b65cb7f96992650830ec4a1475fecfc703913f3b6f35f988ce2b6b96c9789426048db05299d532f9f5ec252d9267d50977de93f3561b5f425826eb10ba92b16ee3f4c8ba158360db6e53b360dbda076bd0b3ded2a061db83ce76bb1d6d27bd5696a653761a6c3b080a6b029a2bec3bdf1b64ad951b8d9eed05d9a028c5651d29186a6cd184a83b3ec836ebcbb2fec2482520286bd85af960ddc52e814361b2519a545cacc118d4150f2a68ac4eb5e66cb7e45a990f55b4eb4bc60c6efd08cfa1ed34f60e1a44e91944f95e904bf4c2a92e7aac4e6bbb0904b41e7176bccfa515fe603316ce795f5b70b2b7e9bca7be43a19a7de89cf50a7c85061d04ebaae7b66d3746fdb1f9eb4fce3e6d730d66b581155668383bbc700d3efcb0515abe8080d56b6b9e923423afc1912ccd66649c956956a6297992a6691a158fc5790b0656caac7e942a3ae91c7afffd5111c8b76fe216f9a56994c0ef38fb428187a0ab49ca597cf2084d196b451cea65e251370909171d2e13e83a3d74cb79ffe4bcd509593b6c768dbdb901b18609bb641f74406720e0e024e07960eb7017d3d16cb32e858d9f02f64e4a89712d299ae02e486f69e34cb9d928594e6b99a5c56c4627f9bca0d34933a7b5982fa8cc007092e6759e4f12b25d630430cd66349dd0343b1bfaf07bd27b10b68d9457af0c41e7ac1b7176b4dbbf7c164475c255c0361e8732f67e99a04906a4df62702002ca92fce6ac59dd926f871ac1a367dba84487c4aea2fd6cad3ce9e188958f5a640b71bd774cace971db254bc048a23c3196686b56e8c847d04a8ec85b046f4d498eb2feececec4744d90f339415ffe6ddf317a767a7ef78f7402170d655bcabae08a4ab4e785771f81a397be75f562da9782d55b5af7f5c72065534fbfe7dc587e1f729b3d546c500dfa06be167653e2c9306b4c7a43a80362f7280a9c8e9649616742ae7355d14b386e663909326158b718e9c453b15ef36f5ed8eff20c8a5e8393a0c94e3f7f85138ecc7cef1f1efa5860f9c45206fe4f2b9750e456c6d494e49888a17bba604e2d5caa0bc2ba9407756a8f27467818ad9743e871aafc576af4cd6e0498d6888d885859186dbe2478406ef97c95e5759939043be442ab74c747049c57d88041ca5fe94f0a05a241202c6c5a5a930de4d85be6962ddb72d96a5c5aae46c6f8ef4707d3d9d1d777746f986b2eeb9beae7d3b87ff0cf47c01b35956d7141729d0e9b4917451cc339ac37401382e8ac57c3c802e20e0caba8bea27041dd69c1d366e3e03b1c88f72061e85fb57a19f8d3b4912ac848bff36eb57277c7f2487e2d242a40d9d429a5110454e0116b9c8b27c5e8f0fb3f75e48c642fc3b48f6ff489b2eb64056d1d997e58f3f17472277647857e207e0171a0179818b87e7f7c1691842a5d305029d4256d0ba809c1605a642cc50c2585ca2e1a5326062731e1787af77f7ffbfc75b871021baeeeff1be700d85bbe93e31c0f51800dd344ffa0bcd75f3841d2edef1c2579dfc0d96ac8beeb6100000', '\x000003f501c331eaf0c47a511900000297569f0cc206b5ea4e000003039f016d7c3b7da2ff000002c38095fcbdbbd31288000001dd53ce6e83b6f8f42e00000271', 1772452920000000);
INSERT INTO public.documents VALUES ('health', 'atom', 2, '6a601cac179a59646abc9ed78e7bb4fe', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/health.atom"}]', 2096, '\x1f8b08000000000004ffed54c18edb3610bdef57b0bcb63469ad2ddb02c5d4d8a2680f457bd85e12e430924616118a54482ab63f29df911f0b28dbbb1b249bcd0239e4909bc0997933f3de1bc91787de9077e88376b6a4f399a0046ded1a6d7725fdfff64fb6a62fd4956c111b72e88d0d45db95b48b7128381f466f66ceef7838da46d710b5b3bcd3213a7fe413d6547297bfdfef67fbeba9221362c9b7d1f5534e6120f5434b95d48d1abd2dc6513745dbe6f512c49a55590b6c995739835a0896afaf45bb10ab459583e4ba5132ea6890c4e380258d788854fd85606227f91451721c1a88d8a84c643913d74c64b7f3ac10f3428897925fa212c6d839afa4851ed57f1e4320ffb6adae51f2e949620fdaa821457ec703f483c1b490e4a780e417841d5af4109d5737aeef47abdf8e1fde4b7eff2cc3587d3ef6b6726324dd34fc4cf24b8e9246db37c4a329299888de4244faa09277b13794741edb13dfa1e0dce23ecc1e4cc9938e819fd0297f081ad0b4173c1806739113a2eb7f3d3c137a96aa127edb15b54b2911b99268a33f7e4defc506f23cab2a861b016cb96c1bb659af32b680e50670be5e6f56f3c7f4be71de639d662ec896448f108f4407625d2441ef2c36cff542ed6c441bcf5d267e95fce5d5cd1fdbdbed2b3990da400825adef1a5372b71769b42fa9899e2a19a27776f760c0df888cba4792faa48f927e6912aa32f20ff8ba23299a86ef5115929fe188ac1aad6e3b1d928008014907815488969c47c2662679ca927c50577250129e52f10c1538b013854c0776a28fd5f972b5820aa99a5a3f46f2a9214c4d5fbf56929f794c86ef7bf0c74f647b7a817395923544dcb9548fbe2fe9d9c5c440950c7cbaf764ba61ac8c0edda302dfc79f7154f7ca7e0f06b9927cba0675f5f4555caad8ba162d5b82c818d4eb0503d82cea2c5bacaa393e76153f2f616af5d925fc1dc91ec2990e125d03c7d9b719f6cb95dfc9a469dd13f73f9849a7dfbbbafa08baf9291b30080000', '\x0000026d01f7cd3c83193ddf4f00000315dbc0bf96d5e0a157000002a4', 1772452860000000);
INSERT INTO public.documents VALUES ('health', 'json', 2, 'afbcf08c1636767a685d2cc87469d58e', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/health.json"}]', 1863, '\x1f8b08000000000000ffdd554d8fd33010bdefafb0e61c3769e8a79556acb8c001c1614f90aa9a2493c428b183edb0bb5af5bf236f1bb540970a162e7b4b32336fe6bd79761ee01b192bb50201b5739d1561f8c56a551215236daaf0100ec7a33104e0a46b0804bc256c5c0d01d4baa56d87156d7bd39c6028bab523bac3b66be811c703dab01eeafceb9f948cfc501040413637b273fb89af33dd3b76c880001a54558f959f907c36f6aed606c403286cfdd78f86ac651fca52e60401ec076851364e8bcec75e9f0c00bb01c182f8fcb7189b00a4a3d6435c3d802c40406f94e87b5988c91267b338cb382d23e4d36959f0e5621ef3094e9748e3c56239f7aa5fd0c9504368c986c89d2174f75c5a6e65a5a8e0f96c3a9f63e6071d76f7461b43b95750b06bb6af60d232a51ddb574100b66f5b34f720e0a696961d5ab01a2dcb8814cbf7205478d973ad1c29b7ad5deb074d3a963768ed2a85439ad42a05e6b7b34a81fc7321cd2a85c69914d6897546ab6a7d1c2c6089932db1021df987550a7114cf78f48a47f1cd3816d15844d1a714d6317b8f26af990f27a1cf5d8b243c00b2242be4fa128124f45949d8ad539574eb04596da85ca5cf13dcf3f2b8e7151e7ae263df13091dddb91f7614b0538a825d6293aa549defe94f0f3ada767dd6485b9377e2395587bc5617b294bf4bfbf9b839acbccd87db61b30b7e71fc200f5fe451c9a718c51cf3c584232e27791c4fe6d9f878a89eb58013c73fa9c7d1e5ef1cbb457b8830a70bbc7f71ce3ec7f17fd8ef5c9f4be6f3acffadf902d8e6ba6d7b25bff6e47f01c78dedaf73f44c9f0057da79e04b6c61b7d9edae36bbabefc4ce5fc347070000', '\x0000016e02872376c20d83a88e000002f0107206d4564f647b000002e3', 1772452860000000);
INSERT INTO public.documents VALUES ('health', 'rss', 2, '9dfbcacd7e27c35cfe41e6b056569c7b', 1772453040000000, '[{"rel": "self", "href": "https://news.example.org/feeds/health.rss"}]', 2323, '\x1f8b08000000000004ffdd56c18edb3610bdef57b03cb54864d25a7b6d0b145377d3a2051a3487eda5410e3439928850a44a52b5fd49fd8efe5841d9d2babb69b26d5104c8c926f9669ee6cd1b4aecc5a135e837f0413b5be2f98c6204563aa56d5de29fefbecbd6f805bf623e0474688d0d8588ae2d7113635710b2dfef67fbeb99f335c9295d926d742d3e03a5b3116c9cb05defcd80f42190f98c92d6a9de402067201903957c1ca32401032dd89862e713b66a1e63c3d12a2d45d4ce924687e8fc31f1e1fb32f319c59cc946580b86b3a8a301fe3d08131b464e2b66b47dc753ea501062611f6670106d6760e0a8005420cd3964c03205417add255ebeddb93ea2d3f98c91cb23a69c0c53e6a4a00f61e7845743661f42163a90ba3ad7c0c810c06ab0e045749edfbab6edadfeb5ffe37746eeb79911b6ee450d1c2c23d3821911e237bd36eaa588c05f39fb1cd11cbd121ee534bf41f3bca0f38252f48c524a53e0259cb5c28a5adbfa5ba51349e72184af2fa4405fbe4e5be8a7aad212be62e441008bd1f06bca48fa65c93d45920b7930250e602a8ce2b183128bae3363db7c08cf0eadc1a8f1509d3afcd1362419317944214c046f45849127c2219226fec3ec2973d514d2a5d30884331da14d2e2c92d225068b4727dd3aef41a6420ab445d1838847a403b22ea2a06b0bea892ef3604004084464a72c990ed92943266f96ab95d8c1fbdc77d7e890aa4fc1a81101ed002c92a7c702f5d090e7012c86c107c5d9176f6e5f6eefb66f5887a4112194f81cab9dc568aa1729ed4b6ca2c79c85e89dad2f4a7f8e58d42d202522a43f254e6ecbe87546f3bbd173bf603e3851368317932c2df08291733ac4764a3fa19c8462a4e357ace34c7cacafe7541f9415f381faefda77221403e9dbb79c8d97d8bd8675af15d2e135f856fca8edbb1257c204c0bcf7b6e87bad8ac546dcdce4bb5d061b2ab2e5b252d966bdcab385586e04ccd7ebcd6ace48cac39914116ae78fd32d356db0aedf3d6db047205372f0ec74555caed3a14c253bcf2f077b408d078c24f3f3ab0fccc027f1fd0f11ed453873a1e894387ede5e7f7fc1ffde92a3b8d95ad22a5b0a9a6742ae1799109b85ccf3c56a3787ff64c924c4ff63c9e1daefbbd402c513d943f919f90b64f23099be03d26b875ffd09be71dd1e13090000', '\x0000033a01569f0cc206b5ea4e000003039f016d7c3b7da2ff000002c3', 1772452860000000);









INSERT INTO public.embargoes VALUES ('urn:uuid:c06243dc-eaed-5ddf-bc34-c28ae6c89ede', 'id:4', '31a9dfce8711186c559715680fa631ad949fa85173f8a1c16c4a16e8a0ac71b8', 1772539200000000, '{"source_key": "id:4", "origin": {"document": "4.json", "line": null}, "content": {"title": "It is over", "body": "<p>It was signed today.</p>", "summary": "It was signed today.", "language": "en", "published": "2026-03-02T11:00:00+00:00", "updated": null, "url": null, "authors": [], "enclosures": [], "category_names": ["finance"], "details": null}, "warnings": [], "left_out": [], "embargoed_until": "2026-03-03T12:00:00+00:00", "correction": null, "source": null}', 1772452980000000, 'folder', 'it-is-over-c06243dc', '["finance"]', NULL, 1, NULL, NULL);



INSERT INTO public.feeds VALUES ('health', 'urn:uuid:ff6c5a08-b2fa-56b6-ac00-6830f4074b6a', '{"any_of": ["health"], "none_of": []}', '83c5d50a23996d4198d97c42ec2433a0fed42a86431cd62fcc4dc33763498d25', 2, 1772452860000000, 3, 3, NULL, '83c5d50a23996d4198d97c42ec2433a0fed42a86431cd62fcc4dc33763498d25', NULL, NULL, 0, NULL, NULL, 0, 3);
INSERT INTO public.feeds VALUES ('cooperation', 'urn:uuid:334b6b31-12a2-5bfc-bf4f-870c0954b343', '{"any_of": ["cooperation"], "none_of": []}', 'feffbb291705fec8f01c8a48051dc264096a8addd6ea77a4b642c80c88e755d5', 1, 1772452800000000, 1, 1, NULL, 'feffbb291705fec8f01c8a48051dc264096a8addd6ea77a4b642c80c88e755d5', NULL, NULL, 0, NULL, NULL, 0, 1);
INSERT INTO public.feeds VALUES ('finance', 'urn:uuid:c093c7f6-6edf-595e-9539-70de788efbaa', '{"any_of": ["finance"], "none_of": []}', 'a12abf553cff66244c68e72f461cfbc6852f54565fa0d74e5783dcd5f2c6dab1', 1, 1772452800000000, 2, 2, NULL, 'a12abf553cff66244c68e72f461cfbc6852f54565fa0d74e5783dcd5f2c6dab1', NULL, NULL, 0, NULL, NULL, 0, 2);
INSERT INTO public.feeds VALUES ('all', 'urn:uuid:b80c8fef-a677-5340-85fb-2c162d75df03', '{"any_of": [], "none_of": []}', 'd076242f2eb9e9e3a84080626481df2b9224433c1e6f5a6a16f221f92e9fec44', 2, 1772452920000000, 4, 4, NULL, 'd076242f2eb9e9e3a84080626481df2b9224433c1e6f5a6a16f221f92e9fec44', NULL, NULL, 0, NULL, NULL, 0, 4);



INSERT INTO public.filings VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'all', 1772452800000000, 1772449200000000, '62516d8e8583430637f61474b9beb1fd', NULL);
INSERT INTO public.filings VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'finance', 1772452800000000, 1772449200000000, '62516d8e8583430637f61474b9beb1fd', NULL);
INSERT INTO public.filings VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'all', 1772452860000000, 1772449200000000, 'd13a794d7b00946e68aad51d79238178', NULL);
INSERT INTO public.filings VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'health', 1772452860000000, 1772449200000000, 'd13a794d7b00946e68aad51d79238178', NULL);
INSERT INTO public.filings VALUES ('urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'all', 1772452920000000, 1772449200000000, '5596afb3ce7cdca583ad40c4c5ca00fe', NULL);






INSERT INTO public.fragments VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'atom', 'bee8f528b75c410ab6e6c53e3dfc448b', '\x3c656e74727920786d6c3a6c616e673d22656e223e3c69643e75726e3a757569643a61666361343865392d353965612d356132382d623861342d3838653063633665646131633c2f69643e3c7469746c6520747970653d2274657874223e4120747265617479206973207369676e65643c2f7469746c653e3c757064617465643e323032362d30332d30325431313a30303a30305a3c2f757064617465643e3c636f6e74656e7420747970653d2268746d6c223e3c215b43444154415b3c703e497420776173207369676e656420746f6461792e3c2f703e5d5d3e3c2f636f6e74656e743e3c73756d6d61727920747970653d2274657874223e497420776173207369676e656420746f6461792e3c2f73756d6d6172793e3c63617465676f7279207465726d3d2266696e616e636522206c6162656c3d2246696e616e6365222f3e3c7075626c69736865643e323032362d30332d30325431313a30303a30305a3c2f7075626c69736865643e3c6c696e6b2072656c3d22616c7465726e6174652220747970653d22746578742f68746d6c2220687265666c616e673d22656e2220687265663d2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d6166636134386539222f3e3c2f656e7472793e');
INSERT INTO public.fragments VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'json', 'a3e86705162dcc9bb6c438bd8b12e3de', '\x7b226964223a2275726e3a757569643a61666361343865392d353965612d356132382d623861342d383865306363366564613163222c2275726c223a2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d6166636134386539222c227469746c65223a224120747265617479206973207369676e6564222c2273756d6d617279223a22497420776173207369676e656420746f6461792e222c22636f6e74656e745f68746d6c223a223c703e497420776173207369676e656420746f6461792e3c2f703e222c22636f6e74656e745f74657874223a22497420776173207369676e656420746f6461792e222c22646174655f7075626c6973686564223a22323032362d30332d30325431313a30303a30305a222c22646174655f6d6f646966696564223a22323032362d30332d30325431313a30303a30305a222c226c616e6775616765223a22656e222c2274616773223a5b2246696e616e6365225d7d');
INSERT INTO public.fragments VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'rss', '8095fcbdbbd312886ecb6cbabb8dd039', '\x3c6974656d20786d6c3a6c616e673d22656e223e3c7469746c653e4120747265617479206973207369676e65643c2f7469746c653e3c6c696e6b3e68747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d61666361343865393c2f6c696e6b3e3c6465736372697074696f6e3e497420776173207369676e656420746f6461792e3c2f6465736372697074696f6e3e3c636f6e74656e743a656e636f6465643e3c215b43444154415b3c703e497420776173207369676e656420746f6461792e3c2f703e5d5d3e3c2f636f6e74656e743a656e636f6465643e3c677569642069735065726d614c696e6b3d2266616c7365223e75726e3a757569643a61666361343865392d353965612d356132382d623861342d3838653063633665646131633c2f677569643e3c63617465676f72793e46696e616e63653c2f63617465676f72793e3c707562446174653e4d6f6e2c203032204d617220323032362031313a30303a3030202b303030303c2f707562446174653e3c64633a6c616e67756167653e656e3c2f64633a6c616e67756167653e3c64633a63726561746f723e5072657373204f66666963653c2f64633a63726561746f723e3c2f6974656d3e');
INSERT INTO public.fragments VALUES ('urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'atom', '10e262bb2bbb43e22fc0e45a8e2d2f81', '\x3c61743a64656c657465642d656e747279207265663d2275726e3a757569643a35626432303836362d333437382d353366372d626337392d64326161653330346234343322207768656e3d22323032362d30332d30325431323a30323a30305a223e3c61743a636f6d6d656e743e496e206572726f722e3c2f61743a636f6d6d656e743e3c2f61743a64656c657465642d656e7472793e0a3c656e74727920786d6c3a6c616e673d22656e223e3c69643e75726e3a757569643a35626432303836362d333437382d353366372d626337392d6432616165333034623434333c2f69643e3c7469746c6520747970653d2274657874223e5265747261637465643a2057726f6e673c2f7469746c653e3c757064617465643e323032362d30332d30325431323a30323a30305a3c2f757064617465643e3c636f6e74656e7420747970653d2268746d6c223e3c215b43444154415b3c703e546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e3c2f703e3c703e526561736f6e3a20496e206572726f722e3c2f703e5d5d3e3c2f636f6e74656e743e3c73756d6d61727920747970653d2274657874223e546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e20526561736f6e3a20496e206572726f722e3c2f73756d6d6172793e3c7075626c69736865643e323032362d30332d30325431313a30303a30305a3c2f7075626c69736865643e3c6c696e6b2072656c3d22616c7465726e6174652220747970653d22746578742f68746d6c2220687265666c616e673d22656e2220687265663d2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f77726f6e672d3562643230383636222f3e3c2f656e7472793e');
INSERT INTO public.fragments VALUES ('urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'json', '91fc66d55c401a48a1729fd1bc1f0cfe', '\x7b226964223a2275726e3a757569643a35626432303836362d333437382d353366372d626337392d643261616533303462343433222c2275726c223a2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f77726f6e672d3562643230383636222c227469746c65223a225265747261637465643a2057726f6e67222c2273756d6d617279223a22546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e20526561736f6e3a20496e206572726f722e222c22636f6e74656e745f68746d6c223a223c703e546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e3c2f703e3c703e526561736f6e3a20496e206572726f722e3c2f703e222c22636f6e74656e745f74657874223a22546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e5c6e5c6e526561736f6e3a20496e206572726f722e222c22646174655f7075626c6973686564223a22323032362d30332d30325431313a30303a30305a222c22646174655f6d6f646966696564223a22323032362d30332d30325431323a30323a30305a222c226c616e6775616765223a22656e222c225f636f6d6d756e69717565223a7b22726574726163746564223a7b227768656e223a22323032362d30332d30325431323a30323a30305a222c22726561736f6e223a22496e206572726f722e227d7d7d');
INSERT INTO public.fragments VALUES ('urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'rss', '53ce6e83b6f8f42e138801694152295e', '\x3c61743a64656c657465642d656e747279207265663d2275726e3a757569643a35626432303836362d333437382d353366372d626337392d64326161653330346234343322207768656e3d22323032362d30332d30325431323a30323a30305a223e3c61743a636f6d6d656e743e496e206572726f722e3c2f61743a636f6d6d656e743e3c2f61743a64656c657465642d656e7472793e0a3c6974656d20786d6c3a6c616e673d22656e223e3c7469746c653e5265747261637465643a2057726f6e673c2f7469746c653e3c6c696e6b3e68747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f77726f6e672d35626432303836363c2f6c696e6b3e3c6465736372697074696f6e3e546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e20526561736f6e3a20496e206572726f722e3c2f6465736372697074696f6e3e3c636f6e74656e743a656e636f6465643e3c215b43444154415b3c703e546869732070726573732072656c656173652077617320726574726163746564206f6e20323032362d30332d303220616e64206973206e6f206c6f6e6765722076616c69642e3c2f703e3c703e526561736f6e3a20496e206572726f722e3c2f703e5d5d3e3c2f636f6e74656e743a656e636f6465643e3c677569642069735065726d614c696e6b3d2266616c7365223e75726e3a757569643a35626432303836362d333437382d353366372d626337392d6432616165333034623434333c2f677569643e3c707562446174653e4d6f6e2c203032204d617220323032362031313a30303a3030202b303030303c2f707562446174653e3c64633a6c616e67756167653e656e3c2f64633a6c616e67756167653e3c64633a63726561746f723e5072657373204f66666963653c2f64633a63726561746f723e3c61746f6d3a757064617465643e323032362d30332d30325431323a30323a30305a3c2f61746f6d3a757064617465643e3c2f6974656d3e');
INSERT INTO public.fragments VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'atom', 'dbc0bf96d5e0a157dad0d2ca4356b0cb', '\x3c656e74727920786d6c3a6c616e673d22656e223e3c69643e75726e3a757569643a63363537376162652d386330662d356130322d616338342d6161393463323234376231653c2f69643e3c7469746c6520747970653d2274657874223e4120747265617479206973206e6f74207369676e65643c2f7469746c653e3c757064617465643e323032362d30332d30325431323a30313a30305a3c2f757064617465643e3c636f6e74656e7420747970653d2268746d6c223e3c215b43444154415b3c7020636c6173733d22636f7272656374696f6e22206c616e673d22656e22206469723d226c7472223e3c7374726f6e673e436f7272656374696f6e2c203c74696d65206461746574696d653d22323032362d30332d30325431323a30313a30305a223e32204d6172636820323032363c2f74696d653e3a3c2f7374726f6e673e203c6264693e546869732072656c6561736520686173206265656e20636f727265637465642e3c2f6264693e3c2f703e0a3c703e497420776173207369676e656420746f6461792e3c2f703e5d5d3e3c2f636f6e74656e743e3c73756d6d61727920747970653d2274657874223e497420776173207369676e656420746f6461792e3c2f73756d6d6172793e3c63617465676f7279207465726d3d226865616c746822206c6162656c3d224865616c7468222f3e3c7075626c69736865643e323032362d30332d30325431313a30303a30305a3c2f7075626c69736865643e3c6c696e6b2072656c3d22616c7465726e6174652220747970653d22746578742f68746d6c2220687265666c616e673d22656e2220687265663d2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d6336353737616265222f3e3c2f656e7472793e');
INSERT INTO public.fragments VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'json', '107206d4564f647b43e688406e88128d', '\x7b226964223a2275726e3a757569643a63363537376162652d386330662d356130322d616338342d616139346332323437623165222c2275726c223a2268747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d6336353737616265222c227469746c65223a224120747265617479206973206e6f74207369676e6564222c2273756d6d617279223a22497420776173207369676e656420746f6461792e222c22636f6e74656e745f68746d6c223a223c7020636c6173733d5c22636f7272656374696f6e5c22206c616e673d5c22656e5c22206469723d5c226c74725c223e3c7374726f6e673e436f7272656374696f6e2c203c74696d65206461746574696d653d5c22323032362d30332d30325431323a30313a30305a5c223e32204d6172636820323032363c2f74696d653e3a3c2f7374726f6e673e203c6264693e546869732072656c6561736520686173206265656e20636f727265637465642e3c2f6264693e3c2f703e5c6e3c703e497420776173207369676e656420746f6461792e3c2f703e222c22636f6e74656e745f74657874223a22436f7272656374696f6e2c2032204d6172636820323032363a20546869732072656c6561736520686173206265656e20636f727265637465642e5c6e5c6e497420776173207369676e656420746f6461792e222c22646174655f7075626c6973686564223a22323032362d30332d30325431313a30303a30305a222c22646174655f6d6f646966696564223a22323032362d30332d30325431323a30313a30305a222c226c616e6775616765223a22656e222c2274616773223a5b224865616c7468225d2c225f636f6d6d756e69717565223a7b22636f7272656374696f6e73223a5b7b226174223a22323032362d30332d30325431323a30313a30305a222c226e6f7465223a22546869732072656c6561736520686173206265656e20636f727265637465642e227d5d7d7d');
INSERT INTO public.fragments VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'rss', '9f016d7c3b7da2ffb96ead0ced756c73', '\x3c6974656d20786d6c3a6c616e673d22656e223e3c7469746c653e4120747265617479206973206e6f74207369676e65643c2f7469746c653e3c6c696e6b3e68747470733a2f2f6e6577732e6578616d706c652e6f72672f72656c65617365732f612d7472656174792d69732d7369676e65642d63363537376162653c2f6c696e6b3e3c6465736372697074696f6e3e497420776173207369676e656420746f6461792e3c2f6465736372697074696f6e3e3c636f6e74656e743a656e636f6465643e3c215b43444154415b3c7020636c6173733d22636f7272656374696f6e22206c616e673d22656e22206469723d226c7472223e3c7374726f6e673e436f7272656374696f6e2c203c74696d65206461746574696d653d22323032362d30332d30325431323a30313a30305a223e32204d6172636820323032363c2f74696d653e3a3c2f7374726f6e673e203c6264693e546869732072656c6561736520686173206265656e20636f727265637465642e3c2f6264693e3c2f703e0a3c703e497420776173207369676e656420746f6461792e3c2f703e5d5d3e3c2f636f6e74656e743a656e636f6465643e3c677569642069735065726d614c696e6b3d2266616c7365223e75726e3a757569643a63363537376162652d386330662d356130322d616338342d6161393463323234376231653c2f677569643e3c63617465676f72793e4865616c74683c2f63617465676f72793e3c707562446174653e4d6f6e2c203032204d617220323032362031313a30303a3030202b303030303c2f707562446174653e3c64633a6c616e67756167653e656e3c2f64633a6c616e67756167653e3c64633a63726561746f723e5072657373204f66666963653c2f64633a63726561746f723e3c61746f6d3a757064617465643e323032362d30332d30325431323a30313a30305a3c2f61746f6d3a757064617465643e3c2f6974656d3e');



























INSERT INTO public.month_counts VALUES ('finance', 0, 'en', 1, 1772452800000000);
INSERT INTO public.month_counts VALUES ('finance', 202603, 'en', 1, 1772452800000000);
INSERT INTO public.month_counts VALUES ('health', 0, 'en', 1, 1772452860000000);
INSERT INTO public.month_counts VALUES ('health', 202603, 'en', 1, 1772452860000000);
INSERT INTO public.month_counts VALUES ('all', 0, 'en', 2, 1772452920000000);
INSERT INTO public.month_counts VALUES ('all', 202603, 'en', 2, 1772452920000000);



INSERT INTO public.names VALUES ('finance', 'finance', '["finance"]', 1);
INSERT INTO public.names VALUES ('health', 'health', '["health"]', 1);

































INSERT INTO public.release_names VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'finance');
INSERT INTO public.release_names VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'health');






INSERT INTO public.releases VALUES ('urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c', 'id:1', 'a-treaty-is-signed-afca48e9', 1, '7781ec1930aeacedd0a2fd25731f25ab9cea5cba82424a30cae147f16145c50e', 'A treaty is signed', '<p>It was signed today.</p>', 'It was signed today.', 'en', 1772449200000000, NULL, NULL, '[]', '[]', '["finance"]', 1772449200000000, 1772452800000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1.json', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.releases VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 'id:2', 'a-treaty-is-signed-c6577abe', 2, 'ece4ba7591b4988cf7fb690486edcf5834cfeabedd1b7d4f6c6d18e72082d674', 'A treaty is not signed', '<p>It was signed today.</p>', 'It was signed today.', 'en', 1772449200000000, NULL, NULL, '[]', '[]', '["health"]', 1772452860000000, 1772452860000000, NULL, NULL, 'ae7bc1a35a6107219412edb974786b221d83b941249e27278645de0a9ffa3d7e', '[{"at": "2026-03-02T12:01:00+00:00", "text": "This release has been corrected."}]', NULL, NULL, NULL, '2.json', NULL, 1772452860000000, NULL, NULL, NULL, NULL);
INSERT INTO public.releases VALUES ('urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443', 'id:3', 'wrong-5bd20866', 1, 'e5c9587382616fffbb2192163b489e1e8b4082a4d8cb2b197869e1d93a20f1a6', 'Wrong', '<p>It was signed today.</p>', 'It was signed today.', 'en', 1772449200000000, NULL, NULL, '[]', '[]', '[]', 1772452920000000, 1772452920000000, NULL, NULL, '64158142041d917d219565e93210eb2c4602de2a7e83497613e1f6b20486e6b0', NULL, NULL, 1772452920000000, 'In error.', '3.json', NULL, 1772452920000000, NULL, NULL, NULL, NULL);



INSERT INTO public.revisions VALUES ('urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e', 1, '{"title": "A treaty is signed", "body": "<p>It was signed today.</p>", "summary": "It was signed today.", "language": "en", "published": "2026-03-02T11:00:00+00:00", "updated": null, "url": null, "authors": [], "enclosures": [], "category_names": ["health"], "details": null}', 1772449200000000, 1772452800000000, 1772452860000000, 0);



























INSERT INTO public.unindexed VALUES (1, 'urn:uuid:afca48e9-59ea-5a28-b8a4-88e0cc6eda1c');
INSERT INTO public.unindexed VALUES (2, 'urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e');
INSERT INTO public.unindexed VALUES (3, 'urn:uuid:5bd20866-3478-53f7-bc79-d2aae304b443');
INSERT INTO public.unindexed VALUES (4, 'urn:uuid:c6577abe-8c0f-5a02-ac84-aa94c2247b1e');


















SELECT pg_catalog.setval('public.acts_id_seq', 3, true);



SELECT pg_catalog.setval('public.subscription_requests_id_seq', 1, false);



SELECT pg_catalog.setval('public.subscriptions_id_seq', 1, false);



SELECT pg_catalog.setval('public.unindexed_number_seq', 4, true);



SELECT pg_catalog.setval('public.upstream_pushes_id_seq', 1, false);



ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);



ALTER TABLE ONLY public.acts
    ADD CONSTRAINT pk_acts PRIMARY KEY (id);



ALTER TABLE ONLY public.alarm_channels
    ADD CONSTRAINT pk_alarm_channels PRIMARY KEY (channel);



ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT pk_alarms PRIMARY KEY (kind, subject);



ALTER TABLE ONLY public.appearance
    ADD CONSTRAINT pk_appearance PRIMARY KEY (key);



ALTER TABLE ONLY public.archive_documents
    ADD CONSTRAINT pk_archive_documents PRIMARY KEY (feed, number, format);



ALTER TABLE ONLY public.archives
    ADD CONSTRAINT pk_archives PRIMARY KEY (feed, number);



ALTER TABLE ONLY public.backups
    ADD CONSTRAINT pk_backups PRIMARY KEY (key);



ALTER TABLE ONLY public.canaries
    ADD CONSTRAINT pk_canaries PRIMARY KEY (hub);



ALTER TABLE ONLY public.configuration
    ADD CONSTRAINT pk_configuration PRIMARY KEY (key);



ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (subscription_id);



ALTER TABLE ONLY public.departures
    ADD CONSTRAINT pk_departures PRIMARY KEY (release_id, feed, number);



ALTER TABLE ONLY public.desk_key
    ADD CONSTRAINT pk_desk_key PRIMARY KEY (key);



ALTER TABLE ONLY public.documents
    ADD CONSTRAINT pk_documents PRIMARY KEY (feed, format);



ALTER TABLE ONLY public.doubtful_filings
    ADD CONSTRAINT pk_doubtful_filings PRIMARY KEY (release_id);



ALTER TABLE ONLY public.drafts
    ADD CONSTRAINT pk_drafts PRIMARY KEY (id);



ALTER TABLE ONLY public.embargoes
    ADD CONSTRAINT pk_embargoes PRIMARY KEY (release_id);



ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT pk_feeds PRIMARY KEY (slug);



ALTER TABLE ONLY public.filings
    ADD CONSTRAINT pk_filings PRIMARY KEY (release_id, feed);



ALTER TABLE ONLY public.former_documents
    ADD CONSTRAINT pk_former_documents PRIMARY KEY (feed, format, digest);



ALTER TABLE ONLY public.fragments
    ADD CONSTRAINT pk_fragments PRIMARY KEY (release_id, format);



ALTER TABLE ONLY public.hub_tallies
    ADD CONSTRAINT pk_hub_tallies PRIMARY KEY (hub);



ALTER TABLE ONLY public.imported_files
    ADD CONSTRAINT pk_imported_files PRIMARY KEY (key);



ALTER TABLE ONLY public.imports
    ADD CONSTRAINT pk_imports PRIMARY KEY (key);



ALTER TABLE ONLY public.intake_files
    ADD CONSTRAINT pk_intake_files PRIMARY KEY (host, path);



ALTER TABLE ONLY public.media
    ADD CONSTRAINT pk_media PRIMARY KEY (digest);



ALTER TABLE ONLY public.media_chunks
    ADD CONSTRAINT pk_media_chunks PRIMARY KEY (digest, number);



ALTER TABLE ONLY public.media_uses
    ADD CONSTRAINT pk_media_uses PRIMARY KEY (holder, digest, name);



ALTER TABLE ONLY public.missing_feeds
    ADD CONSTRAINT pk_missing_feeds PRIMARY KEY (address);



ALTER TABLE ONLY public.month_counts
    ADD CONSTRAINT pk_month_counts PRIMARY KEY (feed, month, language);



ALTER TABLE ONLY public.names
    ADD CONSTRAINT pk_names PRIMARY KEY (folded);



ALTER TABLE ONLY public.pings
    ADD CONSTRAINT pk_pings PRIMARY KEY (feed, format, hub);



ALTER TABLE ONLY public.processes
    ADD CONSTRAINT pk_processes PRIMARY KEY (worker);



ALTER TABLE ONLY public.pushes
    ADD CONSTRAINT pk_pushes PRIMARY KEY (hub, feed, format, edition);



ALTER TABLE ONLY public.readership_agents
    ADD CONSTRAINT pk_readership_agents PRIMARY KEY (day, agent);



ALTER TABLE ONLY public.readership_days
    ADD CONSTRAINT pk_readership_days PRIMARY KEY (day, feed, format);



ALTER TABLE ONLY public.readership_reports
    ADD CONSTRAINT pk_readership_reports PRIMARY KEY (day, feed, format, service, feed_id, poller);



ALTER TABLE ONLY public.readership_salts
    ADD CONSTRAINT pk_readership_salts PRIMARY KEY (day);



ALTER TABLE ONLY public.redirect_uses
    ADD CONSTRAINT pk_redirect_uses PRIMARY KEY (origin, rule);



ALTER TABLE ONLY public.redirects
    ADD CONSTRAINT pk_redirects PRIMARY KEY (address);



ALTER TABLE ONLY public.refusals
    ADD CONSTRAINT pk_refusals PRIMARY KEY (document, line);



ALTER TABLE ONLY public.release_names
    ADD CONSTRAINT pk_release_names PRIMARY KEY (release_id, folded);



ALTER TABLE ONLY public.release_search
    ADD CONSTRAINT pk_release_search PRIMARY KEY (number);



ALTER TABLE ONLY public.releases
    ADD CONSTRAINT pk_releases PRIMARY KEY (id);



ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT pk_revisions PRIMARY KEY (release_id, revision);



ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (hash);



ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT pk_set_aside PRIMARY KEY (release_id, format);



ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT pk_sign_in_attempts PRIMARY KEY (subject);



ALTER TABLE ONLY public.sitemap_parts
    ADD CONSTRAINT pk_sitemap_parts PRIMARY KEY (number);



ALTER TABLE ONLY public.store_identity
    ADD CONSTRAINT pk_store_identity PRIMARY KEY (key);



ALTER TABLE ONLY public.subscription_requests
    ADD CONSTRAINT pk_subscription_requests PRIMARY KEY (id);



ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT pk_subscriptions PRIMARY KEY (id);



ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (name);



ALTER TABLE ONLY public.unindexed
    ADD CONSTRAINT pk_unindexed PRIMARY KEY (number);



ALTER TABLE ONLY public.upstream_items
    ADD CONSTRAINT pk_upstream_items PRIMARY KEY (upstream, item);



ALTER TABLE ONLY public.upstream_pushes
    ADD CONSTRAINT pk_upstream_pushes PRIMARY KEY (id);



ALTER TABLE ONLY public.upstream_subscriptions
    ADD CONSTRAINT pk_upstream_subscriptions PRIMARY KEY (upstream);



ALTER TABLE ONLY public.upstreams
    ADD CONSTRAINT pk_upstreams PRIMARY KEY (slug);



ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (name);



ALTER TABLE ONLY public.canaries
    ADD CONSTRAINT uq_canaries_token UNIQUE (token);



ALTER TABLE ONLY public.drafts
    ADD CONSTRAINT uq_drafts_preview UNIQUE (preview);



ALTER TABLE ONLY public.embargoes
    ADD CONSTRAINT uq_embargoes_source_key UNIQUE (source_key);



ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT uq_feeds_id UNIQUE (id);



ALTER TABLE ONLY public.release_search
    ADD CONSTRAINT uq_release_search_release_id UNIQUE (release_id);



ALTER TABLE ONLY public.releases
    ADD CONSTRAINT uq_releases_slug UNIQUE (slug);



ALTER TABLE ONLY public.releases
    ADD CONSTRAINT uq_releases_source_key UNIQUE (source_key);



ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT uq_subscriptions_feed_format_callback UNIQUE (feed, format, callback);



ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_hash UNIQUE (hash);



ALTER TABLE ONLY public.upstream_subscriptions
    ADD CONSTRAINT uq_upstream_subscriptions_token UNIQUE (token);



CREATE INDEX ix_acts_subject ON public.acts USING btree (subject, id);



CREATE INDEX ix_alarms_event_seq ON public.alarms USING btree (event_seq);



CREATE INDEX ix_alarms_over_at ON public.alarms USING btree (over_at);



CREATE INDEX ix_deliveries_due ON public.deliveries USING btree (is_failing, due_at, subscription_id, host);



CREATE INDEX ix_deliveries_failing ON public.deliveries USING btree (host, first_failed_at, subscription_id) WHERE (is_failing = 1);



CREATE INDEX ix_drafts_changed ON public.drafts USING btree (changed_at, id);



CREATE INDEX ix_drafts_source_key ON public.drafts USING btree (source_key);



CREATE INDEX ix_embargoes_digest ON public.embargoes USING btree (digest);



CREATE INDEX ix_embargoes_published_id ON public.embargoes USING btree (published_id) WHERE (published_id IS NOT NULL);



CREATE INDEX ix_embargoes_published_iri ON public.embargoes USING btree (published_iri) WHERE (published_iri IS NOT NULL);



CREATE INDEX ix_embargoes_slug ON public.embargoes USING btree (slug);



CREATE INDEX ix_embargoes_until ON public.embargoes USING btree (until, release_id);



CREATE INDEX ix_embargoes_work ON public.embargoes USING btree (work) WHERE (work IS NOT NULL);



CREATE INDEX ix_filings_archive ON public.filings USING btree (feed, archive, placed_at, published, release_id);



CREATE INDEX ix_filings_latest ON public.filings USING btree (feed, published, release_id);



CREATE INDEX ix_filings_window ON public.filings USING btree (feed, placed_at, published, release_id, stamp, archive);



CREATE INDEX ix_media_unused_since ON public.media USING btree (unused_since) WHERE (unused_since IS NOT NULL);



CREATE INDEX ix_media_uses_digest ON public.media_uses USING btree (digest, name, is_public);



CREATE INDEX ix_media_uses_dropped ON public.media_uses USING btree (holder) WHERE (is_public < 0);



CREATE INDEX ix_missing_feeds_last_at ON public.missing_feeds USING btree (last_at);



CREATE INDEX ix_names_is_claimed ON public.names USING btree (is_claimed);



CREATE INDEX ix_pushes_told_at ON public.pushes USING btree (told_at);



CREATE INDEX ix_readership_agents_agent ON public.readership_agents USING btree (agent, day);



CREATE INDEX ix_refusals_refused_at ON public.refusals USING btree (refused_at);



CREATE INDEX ix_release_names_folded ON public.release_names USING btree (folded);



CREATE INDEX ix_release_search_terms ON public.release_search USING gin (terms) WITH (gin_pending_list_limit='256');



CREATE INDEX ix_releases_changed ON public.releases USING btree (changed_at, published, id);



CREATE INDEX ix_releases_digest ON public.releases USING btree (digest);



CREATE INDEX ix_releases_notice_since ON public.releases USING btree (notice_since) WHERE (notice_since IS NOT NULL);



CREATE INDEX ix_releases_retracted_at ON public.releases USING btree (retracted_at, id) WHERE (retracted_at IS NOT NULL);



CREATE INDEX ix_releases_source ON public.releases USING btree (source) WHERE (source IS NOT NULL);



CREATE INDEX ix_releases_work ON public.releases USING btree (work) WHERE (work IS NOT NULL);



CREATE INDEX ix_sessions_seen_at ON public.sessions USING btree (seen_at);



CREATE INDEX ix_sessions_user ON public.sessions USING btree ("user");



CREATE INDEX ix_sign_in_attempts_since ON public.sign_in_attempts USING btree (since);



CREATE INDEX ix_subscription_requests_due_at ON public.subscription_requests USING btree (due_at);



CREATE INDEX ix_subscription_requests_host ON public.subscription_requests USING btree (host);



CREATE INDEX ix_subscriptions_expires_at ON public.subscriptions USING btree (expires_at);



CREATE INDEX ix_subscriptions_host ON public.subscriptions USING btree (host);



CREATE INDEX ix_subscriptions_topic ON public.subscriptions USING btree (feed, format, suspended_at, expires_at, id);



CREATE UNIQUE INDEX ix_upstream_items_owned ON public.upstream_items USING btree (shared) WHERE (is_owner = 1);



CREATE INDEX ix_upstream_items_shared ON public.upstream_items USING btree (shared) WHERE (shared IS NOT NULL);



CREATE INDEX ix_upstream_items_taken ON public.upstream_items USING btree (upstream, taken_at);



CREATE INDEX ix_upstream_pushes_upstream ON public.upstream_pushes USING btree (upstream);



CREATE INDEX ix_upstream_subscriptions_hub ON public.upstream_subscriptions USING btree (hub);



CREATE INDEX ix_upstreams_due_at ON public.upstreams USING btree (due_at);



CREATE INDEX ix_upstreams_host ON public.upstreams USING btree (host);



CREATE UNIQUE INDEX uq_releases_published_id ON public.releases USING btree (published_id) WHERE (published_id IS NOT NULL);



CREATE UNIQUE INDEX uq_releases_published_iri ON public.releases USING btree (published_iri) WHERE (published_iri IS NOT NULL);



ALTER TABLE ONLY public.archive_documents
    ADD CONSTRAINT fk_archive_documents_feed_number FOREIGN KEY (feed, number) REFERENCES public.archives(feed, number) ON UPDATE CASCADE ON DELETE CASCADE;



ALTER TABLE ONLY public.archives
    ADD CONSTRAINT fk_archives_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON UPDATE CASCADE ON DELETE CASCADE;



ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_subscription_id FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.departures
    ADD CONSTRAINT fk_departures_feed_number FOREIGN KEY (feed, number) REFERENCES public.archives(feed, number) ON UPDATE CASCADE ON DELETE CASCADE;



ALTER TABLE ONLY public.departures
    ADD CONSTRAINT fk_departures_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.documents
    ADD CONSTRAINT fk_documents_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON DELETE CASCADE;



ALTER TABLE ONLY public.doubtful_filings
    ADD CONSTRAINT fk_doubtful_filings_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.filings
    ADD CONSTRAINT fk_filings_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.former_documents
    ADD CONSTRAINT fk_former_documents_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON DELETE CASCADE;



ALTER TABLE ONLY public.fragments
    ADD CONSTRAINT fk_fragments_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.media_chunks
    ADD CONSTRAINT fk_media_chunks_digest_media FOREIGN KEY (digest) REFERENCES public.media(digest) ON DELETE CASCADE;



ALTER TABLE ONLY public.pings
    ADD CONSTRAINT fk_pings_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON DELETE CASCADE;



ALTER TABLE ONLY public.release_names
    ADD CONSTRAINT fk_release_names_folded FOREIGN KEY (folded) REFERENCES public.names(folded);



ALTER TABLE ONLY public.release_names
    ADD CONSTRAINT fk_release_names_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.release_search
    ADD CONSTRAINT fk_release_search_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT fk_revisions_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_user FOREIGN KEY ("user") REFERENCES public.users(name);



ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT fk_set_aside_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.subscription_requests
    ADD CONSTRAINT fk_subscription_requests_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON UPDATE CASCADE ON DELETE CASCADE;



ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT fk_subscriptions_feed FOREIGN KEY (feed) REFERENCES public.feeds(slug) ON UPDATE CASCADE ON DELETE CASCADE;



ALTER TABLE ONLY public.unindexed
    ADD CONSTRAINT fk_unindexed_release_id FOREIGN KEY (release_id) REFERENCES public.releases(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.upstream_items
    ADD CONSTRAINT fk_upstream_items_upstream FOREIGN KEY (upstream) REFERENCES public.upstreams(slug) ON DELETE CASCADE;



ALTER TABLE ONLY public.upstream_pushes
    ADD CONSTRAINT fk_upstream_pushes_upstream FOREIGN KEY (upstream) REFERENCES public.upstreams(slug) ON DELETE CASCADE;



ALTER TABLE ONLY public.upstream_subscriptions
    ADD CONSTRAINT fk_upstream_subscriptions_upstream FOREIGN KEY (upstream) REFERENCES public.upstreams(slug) ON DELETE CASCADE;




