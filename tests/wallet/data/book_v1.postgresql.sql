--
-- PostgreSQL database dump
--

\restrict xhay1NeghKrPiDPhUFig2KegmbiWaVbyuR7RhFTrOIcHcwTxWx3QolVmsroLSX2

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: wallet; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA wallet;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: wallet; Owner: -
--

CREATE FUNCTION wallet.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.account (
    id uuid NOT NULL,
    asset text NOT NULL,
    code text NOT NULL,
    role text NOT NULL,
    owner text NOT NULL,
    kind text NOT NULL,
    normal text NOT NULL,
    balance_rule text NOT NULL,
    opened_at bigint NOT NULL,
    state text NOT NULL,
    debits_posted bigint NOT NULL,
    credits_posted bigint NOT NULL,
    debits_held bigint NOT NULL,
    credits_held bigint NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT account_check CHECK (((debits_posted >= 0) AND (credits_posted >= 0) AND (debits_held >= 0) AND (credits_held >= 0))),
    CONSTRAINT account_check1 CHECK (((balance_rule <> 'debits_within_credits'::text) OR ((debits_posted + debits_held) <= credits_posted))),
    CONSTRAINT account_check2 CHECK (((balance_rule <> 'credits_within_debits'::text) OR ((credits_posted + credits_held) <= debits_posted)))
)
WITH (fillfactor='50');


--
-- Name: block; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.block (
    number bigint NOT NULL,
    first_position bigint NOT NULL,
    transfers bigint NOT NULL,
    refusals bigint NOT NULL,
    booked_at bigint NOT NULL,
    previous bytea NOT NULL,
    root bytea NOT NULL,
    hash bytea NOT NULL
);


--
-- Name: head; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.head (
    id bigint NOT NULL,
    "position" bigint NOT NULL,
    block bigint NOT NULL,
    hash bytea NOT NULL,
    booked_at bigint NOT NULL,
    CONSTRAINT head_id_check CHECK ((id = 1))
);


--
-- Name: open_hold; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.open_hold (
    id uuid NOT NULL,
    "position" bigint NOT NULL,
    debit_id uuid NOT NULL,
    credit_id uuid NOT NULL,
    expires_at bigint NOT NULL
);


--
-- Name: refusal; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.refusal (
    id uuid NOT NULL,
    block bigint NOT NULL,
    place bigint NOT NULL,
    outcome bigint NOT NULL,
    entry_id uuid NOT NULL,
    leg bigint NOT NULL,
    kind text NOT NULL,
    debit_id uuid NOT NULL,
    credit_id uuid NOT NULL,
    asset text NOT NULL,
    amount text NOT NULL,
    code bigint NOT NULL,
    cause text NOT NULL,
    hold_id uuid,
    expires_at bigint,
    effective_on text,
    linked smallint NOT NULL,
    refused_at bigint NOT NULL,
    leaf bytea NOT NULL
);


--
-- Name: schema_version; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.schema_version (
    version bigint NOT NULL
);


--
-- Name: transfer; Type: TABLE; Schema: wallet; Owner: -
--

CREATE TABLE wallet.transfer (
    "position" bigint NOT NULL,
    id uuid NOT NULL,
    entry_id uuid NOT NULL,
    leg bigint NOT NULL,
    kind text NOT NULL,
    debit_id uuid NOT NULL,
    credit_id uuid NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    code bigint NOT NULL,
    cause text NOT NULL,
    hold_id uuid,
    expires_at bigint,
    effective_on text,
    linked smallint NOT NULL,
    booked_at bigint NOT NULL,
    debit_debits_posted bigint NOT NULL,
    debit_credits_posted bigint NOT NULL,
    debit_debits_held bigint NOT NULL,
    debit_credits_held bigint NOT NULL,
    debit_version bigint NOT NULL,
    credit_debits_posted bigint NOT NULL,
    credit_credits_posted bigint NOT NULL,
    credit_debits_held bigint NOT NULL,
    credit_credits_held bigint NOT NULL,
    credit_version bigint NOT NULL,
    leaf bytea NOT NULL,
    CONSTRAINT transfer_check CHECK (((amount > 0) AND ("position" > 0))),
    CONSTRAINT transfer_check1 CHECK ((debit_id <> credit_id))
);


--
-- Data for Name: account; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.account VALUES ('80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', 'liability:wallet:per_alice:IRR', 'wallet', 'per_alice', 'liability', 'credit', 'debits_within_credits', 1795161600000000, 'open', 326, 1205, 18, 0, 13);
INSERT INTO wallet.account VALUES ('7d6abaab-75fe-4a84-ed35-aa50d9749b6c', 'EUR', 'liability:wallet:per_carol:EUR', 'wallet', 'per_carol', 'liability', 'credit', 'debits_within_credits', 1795161720000000, 'open', 0, 900, 0, 0, 1);
INSERT INTO wallet.account VALUES ('d8b22a94-ba97-3b95-f938-a4097e4bae12', 'EUR', 'asset:trust_bank:EUR', 'trust_bank', '', 'asset', 'debit', 'none', 1795161720000000, 'open', 900, 0, 0, 0, 1);
INSERT INTO wallet.account VALUES ('cec78869-cf42-9317-2fe3-88a0176e6d48', 'IRR', 'liability:wallet:per_dora:IRR', 'wallet', 'per_dora', 'liability', 'credit', 'debits_within_credits', 1795161720000000, 'closed', 0, 0, 0, 0, 0);
INSERT INTO wallet.account VALUES ('3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 'liability:wallet:per_bob:IRR', 'wallet', 'per_bob', 'liability', 'credit', 'debits_within_credits', 1795161600000000, 'frozen', 0, 326, 0, 18, 10);
INSERT INTO wallet.account VALUES ('4e94585e-e3d2-b218-2244-0f9bfd855fe0', 'IRR', 'equity:funding:IRR', 'funding', '', 'equity', 'credit', 'none', 1795161600000000, 'open', 0, 3, 0, 0, 1);
INSERT INTO wallet.account VALUES ('ff75db05-8cb0-6f4e-f5ad-511152e2b095', 'IRR', 'asset:trust_bank:IRR', 'trust_bank', '', 'asset', 'debit', 'none', 1795161600000000, 'open', 1208, 0, 0, 0, 4);


--
-- Data for Name: block; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.block VALUES (1, 1, 3, 0, 1795161600000000, '\x0000000000000000000000000000000000000000000000000000000000000000', '\xfa9601865dcf06f046843186ade649acfc63e5ac9fa09db1faaae494f73e5d8b', '\xb0e3c9870c21128e69d59efcc80b6fefabd4777757a0e151a5d3adbd4a81b794');
INSERT INTO wallet.block VALUES (2, 4, 1, 1, 1795161660000000, '\xb0e3c9870c21128e69d59efcc80b6fefabd4777757a0e151a5d3adbd4a81b794', '\x59429e29d6d57796cff51f5ba2ee2df0a199f2b0b234a497c32217394e0f800c', '\x36774885d3b9fba5c776c0a1bf4907c06e33cf80950b1f7d6a5041a65dc8c856');
INSERT INTO wallet.block VALUES (3, 5, 5, 0, 1795161660000000, '\x36774885d3b9fba5c776c0a1bf4907c06e33cf80950b1f7d6a5041a65dc8c856', '\x5836a358008c4cdef9707bf5083f979973ec7704adc4843bfb3426d7bc060995', '\x24fa3291bbe54c19fdd4e9bc13934c0dd36889833e958e36c4e9785695dde096');
INSERT INTO wallet.block VALUES (4, 10, 3, 0, 1795161720000000, '\x24fa3291bbe54c19fdd4e9bc13934c0dd36889833e958e36c4e9785695dde096', '\xb9668836ddc7631e73228c99658b193895f941426a07e5a0b6c3ed6575f84530', '\x70144faf76a1bbebea4f75a78dfc8c69faec3199da2c532d582b06b260e3a2a1');
INSERT INTO wallet.block VALUES (5, 13, 1, 0, 1795161720000000, '\x70144faf76a1bbebea4f75a78dfc8c69faec3199da2c532d582b06b260e3a2a1', '\x91ae8b7592858038fc3bd29f6cbced00d45c4681c6620e42d94091eb6eba3d4b', '\x23f82f5e5db8a463f8e307cf9b4d759c8c6528b34f1b38bf214e08035af28aa7');
INSERT INTO wallet.block VALUES (6, 14, 0, 7, 1795161720000000, '\x23f82f5e5db8a463f8e307cf9b4d759c8c6528b34f1b38bf214e08035af28aa7', '\x3c528f364c831d9b2ac9e5916de45022dc203e38b2e34e230a23def1d446148c', '\x4c0ac0ff22306ed1bc15a6a5862232d69da47c64107bec82041cbc5ae89829fd');
INSERT INTO wallet.block VALUES (7, 14, 1, 0, 1795161720000000, '\x4c0ac0ff22306ed1bc15a6a5862232d69da47c64107bec82041cbc5ae89829fd', '\x0e7f6f17484cb155144323c0b7740d08a83fc7f8de0f718da4fbf38ad1a64bc5', '\x2ce09caf217e26e542c8bab1889fdf7399c5b38fd6c2380a89b5e746b29bc292');
INSERT INTO wallet.block VALUES (8, 15, 1, 1, 1795161780000000, '\x2ce09caf217e26e542c8bab1889fdf7399c5b38fd6c2380a89b5e746b29bc292', '\x61f3b21e01f373c3daad0974f16fa8689c48c4b12639d68c2265dcdf78d1effd', '\xdb1fedbe52f422496c55c8a11b6c76d25ca775e284b0dfab9a115f6739e01100');


--
-- Data for Name: head; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.head VALUES (1, 15, 8, '\xdb1fedbe52f422496c55c8a11b6c76d25ca775e284b0dfab9a115f6739e01100', 1795161780000000);


--
-- Data for Name: open_hold; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.open_hold VALUES ('01a1f7f9-1a60-e57a-a938-ab14d399d596', 8, '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 1795162260000000);
INSERT INTO wallet.open_hold VALUES ('01a1f7f9-1a60-9d14-38d9-c3fc2715a341', 9, '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 2110521660000000);


--
-- Data for Name: refusal; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.refusal VALUES ('01a1f7f9-1a60-07dc-9065-9abc2a5f5069', 2, 0, 150, '01a1f7f9-1a60-07dc-9065-9abc2a5f5069', 0, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', '50000', 40, 'pay_01M7VZJ6K0Z9X9P6Q34RX7W7VY', NULL, NULL, NULL, 0, 1795161660000000, '\x7d3d90cf341fca48d7ee492d8396b161beae787be490121d508961b9cde3f176');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-f3a2-dc91-206a68b269ae', 6, 0, 110, '01a1f7fa-04c0-f3a2-dc91-206a68b269ae', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', '0', 20, 'csh_01M7VZM160VZKZ46Z73VNVN4QQ', NULL, NULL, NULL, 0, 1795161720000000, '\xeac8d13e7c25f5ede9ef9876b74929fb43aff676ed2fcdf6791ac4e4e6a501b0');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-3255-b4f1-f48ee4421eea', 6, 1, 110, '01a1f7fa-04c0-3255-b4f1-f48ee4421eea', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', '1000000000000000000000000000000', 20, 'csh_01M7VZM160F3QGXGZ76JG7SZAG', NULL, NULL, NULL, 0, 1795161720000000, '\x8b2d4546053973254e462e4760d33bf7f08cbfc4af24c299d2215eacaa4dc31f');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-81a7-ebca-8103829dd1b2', 6, 2, 120, '01a1f7fa-04c0-81a7-ebca-8103829dd1b2', 0, 'post', '00000000-0000-0000-0000-000000000007', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', '1', 20, 'csh_01M7VZM160EA02B5XREARMMVCE', NULL, NULL, NULL, 0, 1795161720000000, '\xfb9182d34c8274e4fcc12f51919bc3fc7a7183aabe33f38f95118e296c836a2c');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-fadb-2aa1-1b323de04718', 6, 3, 122, '01a1f7fa-04c0-fadb-2aa1-1b323de04718', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'EUR', '1', 20, 'csh_01M7VZM160GFXJDP5EDVW8G9TH', NULL, NULL, NULL, 0, 1795161720000000, '\xe72ce353f3257a4d9a5573449273a57cd8b6a2e9c9f57b56e58b4ee6d34a4d24');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-53af-420c-da8879e78d69', 6, 4, 133, '01a1f7fa-04c0-53af-420c-da8879e78d69', 0, 'void', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', '40', 50, 'tap_01M7VZJ6K0VF7XGGGM4P31YKZN', '01a1f7f9-1a60-7fbd-a8ea-c817eaf922ff', NULL, NULL, 0, 1795161720000000, '\x84bae291bab827e9a5fa039cee862e75cf6dc750cf5986098b017beea49bc5d3');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-145f-e55c-2cd57eecfb32', 6, 5, 100, '01a1f7fa-04c0-145f-e55c-2cd57eecfb32', 0, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', '1', 40, 'pay_01M7VZM160KDPQH2BMG0ECRZDS', NULL, NULL, NULL, 1, 1795161720000000, '\xe9e3a8090275d36bb4c609b6b5fde358141dd9a4b7b6632bccf38c30ac61180e');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-04c0-43ee-c91a-25a0b2c99069', 6, 6, 150, '01a1f7fa-04c0-145f-e55c-2cd57eecfb32', 1, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', '90000', 40, 'pay_01M7VZM1607AK09JW8WQH7MK03', NULL, NULL, NULL, 0, 1795161720000000, '\x6055fcf2e4cf0d860e619a0e6ad48e9cdb2fb2eac0ad929b7b08bf6572f78611');
INSERT INTO wallet.refusal VALUES ('01a1f7fa-ef20-2b9a-9143-02f1e3657542', 8, 0, 126, '01a1f7fa-ef20-2b9a-9143-02f1e3657542', 0, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', '2', 40, 'pay_01M7VZNVS0NHC55KQA08WF5HKA', NULL, NULL, NULL, 0, 1795161780000000, '\xa703cdd832597fe0d294a21435baf4ecadbdc90cfafdfbcb2df63a8f1ad9a4a8');


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.schema_version VALUES (1);


--
-- Data for Name: transfer; Type: TABLE DATA; Schema: wallet; Owner: -
--

INSERT INTO wallet.transfer VALUES (1, '01a1f7f8-3000-6d5e-b8f1-f8834158c890', '01a1f7f8-3000-6d5e-b8f1-f8834158c890', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', 1000, 20, 'csh_01M7VZGC00YMHYX30B01QSEY2A', NULL, NULL, NULL, 0, 1795161600000000, 1000, 0, 0, 0, 1, 0, 1000, 0, 0, 1, '\x6f9fe9968787db26af5d3a000d1cabdda711ad018230a06da47831d3886794de');
INSERT INTO wallet.transfer VALUES (2, '01a1f7f8-3000-7121-96ae-79613a7f79b3', '01a1f7f8-3000-7121-96ae-79613a7f79b3', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', 200, 20, 'csh_01M7VZGC00NSPPD1SQ1XM29SDY', NULL, NULL, NULL, 1, 1795161600000000, 1200, 0, 0, 0, 2, 0, 1200, 0, 0, 2, '\xb56232267c4c28c53834370d2950b772d48fe2bd1c6f6506c4ab370e399e9f46');
INSERT INTO wallet.transfer VALUES (3, '01a1f7f8-3000-87d8-eecf-42e3ec2993a4', '01a1f7f8-3000-7121-96ae-79613a7f79b3', 1, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 300, 40, 'pay_01M7VZGC00DVE8R1JX4VEDCJT5', NULL, NULL, NULL, 0, 1795161600000000, 300, 1200, 0, 0, 3, 0, 300, 0, 0, 1, '\xad7939601a401550499f09605ad933a6c79231f9457d7d675235bd39f36e3983');
INSERT INTO wallet.transfer VALUES (4, '01a1f7f9-1a60-4af0-e215-fc158701f15c', '01a1f7f9-1a60-4af0-e215-fc158701f15c', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', 'IRR', 5, 20, 'csh_01M7VZJ6K045KTGWSSN7E5DX7X', NULL, NULL, '2026-11-19', 0, 1795161660000000, 1205, 0, 0, 0, 3, 300, 1205, 0, 0, 4, '\xb27674da4a3081324d70cd47372e451e2c2caefa03def5ccb73c149065dde600');
INSERT INTO wallet.transfer VALUES (5, '01a1f7f9-1a60-7fbd-a8ea-c817eaf922ff', '01a1f7f9-1a60-7fbd-a8ea-c817eaf922ff', 0, 'hold', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 40, 50, 'tap_01M7VZJ6K0VF7XGGGM4P31YKZN', NULL, 1795162260000000, NULL, 0, 1795161660000000, 300, 1205, 40, 0, 5, 0, 300, 0, 40, 2, '\x250c5cc66658a179ed4fb0de3c82c51d40f532676bad464bf5058dcf44ebd457');
INSERT INTO wallet.transfer VALUES (6, '01a1f7f9-1a60-9117-c34d-45f7ba70e985', '01a1f7f9-1a60-9117-c34d-45f7ba70e985', 0, 'hold', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 30, 50, 'tap_01M7VZJ6K0Q8T5D1NN6BW8AX53', NULL, 1795162260000000, NULL, 0, 1795161660000000, 300, 1205, 70, 0, 6, 0, 300, 0, 70, 3, '\x0a0d6817ed543d9549ffdab9ae0155efb5b96e74f3d4f0b9b3596068d242c29b');
INSERT INTO wallet.transfer VALUES (7, '01a1f7f9-1a60-d4b8-380c-1bfcf4886010', '01a1f7f9-1a60-d4b8-380c-1bfcf4886010', 0, 'hold', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 20, 50, 'tap_01M7VZJ6K07SYHBM2ZV2GXYJR6', NULL, 1795161720000000, NULL, 0, 1795161660000000, 300, 1205, 90, 0, 7, 0, 300, 0, 90, 4, '\xc1f5576e662b7d23362ae3b6cca31003f4b8cf873d8dd99762c4124f43c44e3d');
INSERT INTO wallet.transfer VALUES (8, '01a1f7f9-1a60-e57a-a938-ab14d399d596', '01a1f7f9-1a60-e57a-a938-ab14d399d596', 0, 'hold', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 7, 50, 'tap_01M7VZJ6K0H0QMHTVCJ6NWMFVZ', NULL, 1795162260000000, NULL, 0, 1795161660000000, 300, 1205, 97, 0, 8, 0, 300, 0, 97, 5, '\x45f21cffd5b5cb9a96231c23f6385cf2c3ca4037a8e5e32cc90d411d7c7a8436');
INSERT INTO wallet.transfer VALUES (9, '01a1f7f9-1a60-9d14-38d9-c3fc2715a341', '01a1f7f9-1a60-9d14-38d9-c3fc2715a341', 0, 'hold', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 11, 50, 'tap_01M7VZJ6K09S554GK5Y8762ZZ0', NULL, 2110521660000000, NULL, 0, 1795161660000000, 300, 1205, 108, 0, 9, 0, 300, 0, 108, 6, '\xc7d426342341051edeafbcbc8d3943bf133eeb8092e8cd008192b235c7113858');
INSERT INTO wallet.transfer VALUES (10, '01a1f7f9-1a60-aa4f-ee55-870c9149307d', '01a1f7f9-1a60-aa4f-ee55-870c9149307d', 0, 'expire', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 20, 50, 'tap_01M7VZJ6K07SYHBM2ZV2GXYJR6', '01a1f7f9-1a60-d4b8-380c-1bfcf4886010', NULL, NULL, 0, 1795161720000000, 300, 1205, 88, 0, 10, 0, 300, 0, 88, 7, '\x0b7bc3151ad51d95c1fae99c91b937fe5a876dfbde2623b8320eaf984d5e7b81');
INSERT INTO wallet.transfer VALUES (11, '01a1f7fa-04c0-ab72-dca9-be8744ac6530', '01a1f7fa-04c0-ab72-dca9-be8744ac6530', 0, 'capture', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 25, 50, 'tap_01M7VZJ6K0VF7XGGGM4P31YKZN', '01a1f7f9-1a60-7fbd-a8ea-c817eaf922ff', NULL, NULL, 0, 1795161720000000, 325, 1205, 48, 0, 11, 0, 325, 0, 48, 8, '\xba9c5c7c3cf6d639e60a4b8f48056bbe65e1ce1060b8b971d27a1e39a82b321b');
INSERT INTO wallet.transfer VALUES (12, '01a1f7fa-04c0-a6e2-2e06-f7cfb00967dd', '01a1f7fa-04c0-a6e2-2e06-f7cfb00967dd', 0, 'void', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 30, 50, 'tap_01M7VZJ6K0Q8T5D1NN6BW8AX53', '01a1f7f9-1a60-9117-c34d-45f7ba70e985', NULL, NULL, 0, 1795161720000000, 325, 1205, 18, 0, 12, 0, 325, 0, 18, 9, '\xea1e5a3dced83a6bb41036452b79985f20d748fc900bfa66302f9a299d6e3af2');
INSERT INTO wallet.transfer VALUES (13, '01a1f7fa-04c0-75d1-8c27-b8ae767d7128', '01a1f7fa-04c0-75d1-8c27-b8ae767d7128', 0, 'post', '80e22ca3-6e6f-ea1b-d093-47ab1952dbe6', '3ccc6cc4-fa6a-ae42-e7ad-a6cd0aea86bd', 'IRR', 1, 40, 'pay_01M7VZM160A1MJ83C4Y33ZWVSZ', NULL, NULL, NULL, 0, 1795161720000000, 326, 1205, 18, 0, 13, 0, 326, 0, 18, 10, '\x91ae8b7592858038fc3bd29f6cbced00d45c4681c6620e42d94091eb6eba3d4b');
INSERT INTO wallet.transfer VALUES (14, '01a1f7fa-04c0-6ef0-85ee-8051bdc5e3db', '01a1f7fa-04c0-6ef0-85ee-8051bdc5e3db', 0, 'post', 'd8b22a94-ba97-3b95-f938-a4097e4bae12', '7d6abaab-75fe-4a84-ed35-aa50d9749b6c', 'EUR', 900, 20, 'csh_01M7VZM160N3SD2GTHEDM0AVKK', NULL, NULL, NULL, 0, 1795161720000000, 900, 0, 0, 0, 1, 0, 900, 0, 0, 1, '\x0e7f6f17484cb155144323c0b7740d08a83fc7f8de0f718da4fbf38ad1a64bc5');
INSERT INTO wallet.transfer VALUES (15, '01a1f7fa-ef20-1c93-1f84-da4e8e0050b9', '01a1f7fa-ef20-1c93-1f84-da4e8e0050b9', 0, 'post', 'ff75db05-8cb0-6f4e-f5ad-511152e2b095', '4e94585e-e3d2-b218-2244-0f9bfd855fe0', 'IRR', 3, 20, 'csh_01M7VZNVS01Q0H6D2107NSDCV8', NULL, NULL, NULL, 0, 1795161780000000, 1208, 0, 0, 0, 4, 0, 3, 0, 0, 1, '\xa9629c850a864223f072c4037be0e02040d9f0c0a2101dcf68fefa64a7b26ed5');


--
-- Name: account account_code_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.account
    ADD CONSTRAINT account_code_key UNIQUE (code);


--
-- Name: account account_id_asset_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.account
    ADD CONSTRAINT account_id_asset_key UNIQUE (id, asset);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);


--
-- Name: block block_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.block
    ADD CONSTRAINT block_pkey PRIMARY KEY (number);


--
-- Name: head head_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (id);


--
-- Name: open_hold open_hold_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.open_hold
    ADD CONSTRAINT open_hold_pkey PRIMARY KEY (id);


--
-- Name: refusal refusal_block_place_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.refusal
    ADD CONSTRAINT refusal_block_place_key UNIQUE (block, place);


--
-- Name: refusal refusal_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.refusal
    ADD CONSTRAINT refusal_pkey PRIMARY KEY (id);


--
-- Name: schema_version schema_version_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);


--
-- Name: transfer transfer_credit_id_credit_version_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_credit_id_credit_version_key UNIQUE (credit_id, credit_version);


--
-- Name: transfer transfer_debit_id_debit_version_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_debit_id_debit_version_key UNIQUE (debit_id, debit_version);


--
-- Name: transfer transfer_id_key; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_id_key UNIQUE (id);


--
-- Name: transfer transfer_pkey; Type: CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_pkey PRIMARY KEY ("position");


--
-- Name: open_hold_debit; Type: INDEX; Schema: wallet; Owner: -
--

CREATE INDEX open_hold_debit ON wallet.open_hold USING btree (debit_id);


--
-- Name: open_hold_expires; Type: INDEX; Schema: wallet; Owner: -
--

CREATE INDEX open_hold_expires ON wallet.open_hold USING btree (expires_at, "position");


--
-- Name: transfer_cause; Type: INDEX; Schema: wallet; Owner: -
--

CREATE INDEX transfer_cause ON wallet.transfer USING btree (cause);


--
-- Name: transfer_hold; Type: INDEX; Schema: wallet; Owner: -
--

CREATE UNIQUE INDEX transfer_hold ON wallet.transfer USING btree (hold_id) WHERE (hold_id IS NOT NULL);


--
-- Name: account account_no_delete; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER account_no_delete BEFORE DELETE ON wallet.account FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: account account_no_truncate; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER account_no_truncate BEFORE TRUNCATE ON wallet.account FOR EACH STATEMENT EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: account account_no_update; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER account_no_update BEFORE UPDATE OF id, asset, code, role, owner, kind, normal, balance_rule, opened_at ON wallet.account FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: block block_no_delete; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER block_no_delete BEFORE DELETE ON wallet.block FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: block block_no_truncate; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER block_no_truncate BEFORE TRUNCATE ON wallet.block FOR EACH STATEMENT EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: block block_no_update; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER block_no_update BEFORE UPDATE ON wallet.block FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: head head_no_delete; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER head_no_delete BEFORE DELETE ON wallet.head FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: head head_no_truncate; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER head_no_truncate BEFORE TRUNCATE ON wallet.head FOR EACH STATEMENT EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: refusal refusal_no_delete; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER refusal_no_delete BEFORE DELETE ON wallet.refusal FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: refusal refusal_no_truncate; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER refusal_no_truncate BEFORE TRUNCATE ON wallet.refusal FOR EACH STATEMENT EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: refusal refusal_no_update; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER refusal_no_update BEFORE UPDATE ON wallet.refusal FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: transfer transfer_no_delete; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER transfer_no_delete BEFORE DELETE ON wallet.transfer FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: transfer transfer_no_truncate; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON wallet.transfer FOR EACH STATEMENT EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: transfer transfer_no_update; Type: TRIGGER; Schema: wallet; Owner: -
--

CREATE TRIGGER transfer_no_update BEFORE UPDATE ON wallet.transfer FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();


--
-- Name: open_hold open_hold_id_fkey; Type: FK CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.open_hold
    ADD CONSTRAINT open_hold_id_fkey FOREIGN KEY (id) REFERENCES wallet.transfer(id);


--
-- Name: transfer transfer_credit_id_asset_fkey; Type: FK CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_credit_id_asset_fkey FOREIGN KEY (credit_id, asset) REFERENCES wallet.account(id, asset);


--
-- Name: transfer transfer_debit_id_asset_fkey; Type: FK CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_debit_id_asset_fkey FOREIGN KEY (debit_id, asset) REFERENCES wallet.account(id, asset);


--
-- Name: transfer transfer_hold_id_fkey; Type: FK CONSTRAINT; Schema: wallet; Owner: -
--

ALTER TABLE ONLY wallet.transfer
    ADD CONSTRAINT transfer_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES wallet.transfer(id);


--
-- PostgreSQL database dump complete
--

\unrestrict xhay1NeghKrPiDPhUFig2KegmbiWaVbyuR7RhFTrOIcHcwTxWx3QolVmsroLSX2

