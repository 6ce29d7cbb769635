CREATE TABLE organizations (
    organization_id VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    fingerprint_key BYTEA NOT NULL,
    is_simulated BOOLEAN NOT NULL,
    records_version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (organization_id)
);

CREATE TABLE api_keys (
    key_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    label VARCHAR NOT NULL,
    digest VARCHAR(64) NOT NULL,
    scopes VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (key_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    UNIQUE (digest)
);

CREATE INDEX ix_api_keys_organization_id ON api_keys (organization_id);

CREATE TABLE audit_events (
    event_id BIGSERIAL NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    record_kind VARCHAR NOT NULL,
    record_id TEXT NOT NULL,
    record_count BIGINT,
    PRIMARY KEY (event_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE INDEX audit_events_by_organization ON audit_events (organization_id, event_id);

CREATE TABLE risk_scores (
    score_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    claim_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    model_version VARCHAR NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    scored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (score_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE INDEX risk_scores_by_claim ON risk_scores (organization_id, claim_id);

CREATE INDEX risk_scores_by_day ON risk_scores (organization_id, as_of);

CREATE TABLE source_files (
    file_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    kinds VARCHAR NOT NULL,
    byte_count BIGINT NOT NULL,
    records_read BIGINT NOT NULL,
    records_new BIGINT NOT NULL,
    problem_count BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    ingested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (file_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE INDEX ix_source_files_organization_id ON source_files (organization_id);

CREATE TABLE authorizations (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_authorizations_organization_id ON authorizations (organization_id);

CREATE TABLE claim_acknowledgments (
    acknowledgment_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    control_number_key VARCHAR NOT NULL,
    accepted BOOLEAN,
    received_on DATE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (acknowledgment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX claim_acknowledgments_by_control_number ON claim_acknowledgments (organization_id, control_number_key);

CREATE TABLE claims (
    claim_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    patient_control_number VARCHAR NOT NULL,
    control_number_key VARCHAR NOT NULL,
    payer_id VARCHAR NOT NULL,
    patient_key VARCHAR NOT NULL,
    frequency_code VARCHAR NOT NULL,
    submitted_on DATE NOT NULL,
    service_from DATE,
    total_charge_cents BIGINT NOT NULL,
    accepted BOOLEAN,
    payload TEXT NOT NULL,
    PRIMARY KEY (claim_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX claims_by_control_number ON claims (organization_id, control_number_key);

CREATE INDEX claims_by_patient ON claims (organization_id, patient_key);

CREATE INDEX claims_by_service ON claims (organization_id, service_from, total_charge_cents);

CREATE INDEX claims_by_submission ON claims (organization_id, submitted_on);

CREATE TABLE clinicians (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_clinicians_organization_id ON clinicians (organization_id);

CREATE TABLE documents (
    document_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    medical_record_number VARCHAR NOT NULL,
    member_id VARCHAR NOT NULL,
    patient_control_number VARCHAR NOT NULL,
    clinician_npi VARCHAR NOT NULL,
    service_date DATE,
    content BYTEA,
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE UNIQUE INDEX documents_by_document_id ON documents (organization_id, document_id);

CREATE INDEX documents_by_member ON documents (organization_id, member_id);

CREATE INDEX documents_by_patient ON documents (organization_id, medical_record_number);

CREATE INDEX ix_documents_organization_id ON documents (organization_id);

CREATE TABLE eligibility_checks (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_eligibility_checks_organization_id ON eligibility_checks (organization_id);

CREATE TABLE encounters (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_encounters_organization_id ON encounters (organization_id);

CREATE TABLE enrollments (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_enrollments_organization_id ON enrollments (organization_id);

CREATE TABLE file_acknowledgments (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_file_acknowledgments_organization_id ON file_acknowledgments (organization_id);

CREATE TABLE payers (
    record_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    known_on DATE,
    payload TEXT NOT NULL,
    PRIMARY KEY (record_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX ix_payers_organization_id ON payers (organization_id);

CREATE TABLE problems (
    file_id VARCHAR(64) NOT NULL,
    position BIGINT NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    severity VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (file_id, position),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE TABLE remittances (
    remittance_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    payer_id VARCHAR NOT NULL,
    trace_number VARCHAR NOT NULL,
    payment_cents BIGINT NOT NULL,
    payment_date DATE,
    received_on DATE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (remittance_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id)
);

CREATE INDEX remittances_by_receipt ON remittances (organization_id, received_on);

CREATE TABLE claim_payments (
    payment_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    remittance_id VARCHAR(64) NOT NULL,
    claim_id VARCHAR(64),
    control_number_key VARCHAR NOT NULL,
    chain_key VARCHAR NOT NULL,
    payer_claim_control_number VARCHAR NOT NULL,
    status_code VARCHAR NOT NULL,
    charge_cents BIGINT NOT NULL,
    paid_cents BIGINT NOT NULL,
    service_from DATE,
    received_on DATE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (payment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id),
    FOREIGN KEY(remittance_id) REFERENCES remittances (remittance_id),
    FOREIGN KEY(claim_id) REFERENCES claims (claim_id)
);

CREATE INDEX claim_payments_by_chain ON claim_payments (organization_id, chain_key);

CREATE INDEX claim_payments_by_service ON claim_payments (organization_id, service_from, charge_cents);

CREATE INDEX claim_payments_refiled ON claim_payments (organization_id, control_number_key) WHERE chain_key <> control_number_key;

CREATE TABLE provider_adjustments (
    adjustment_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    file_id VARCHAR(64) NOT NULL,
    remittance_id VARCHAR(64) NOT NULL,
    reason_code VARCHAR NOT NULL,
    amount_cents BIGINT NOT NULL,
    received_on DATE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (adjustment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(file_id) REFERENCES source_files (file_id),
    FOREIGN KEY(remittance_id) REFERENCES remittances (remittance_id)
);

CREATE INDEX ix_provider_adjustments_organization_id ON provider_adjustments (organization_id);

CREATE TABLE service_lines (
    claim_id VARCHAR(64) NOT NULL,
    position BIGINT NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    line_number BIGINT NOT NULL,
    procedure_code VARCHAR NOT NULL,
    modifiers VARCHAR NOT NULL,
    service_date DATE,
    charge_cents BIGINT NOT NULL,
    PRIMARY KEY (claim_id, position),
    FOREIGN KEY(claim_id) REFERENCES claims (claim_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE TABLE claim_adjustments (
    payment_id VARCHAR(64) NOT NULL,
    position BIGINT NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    service_position BIGINT,
    group_code VARCHAR NOT NULL,
    reason_code VARCHAR NOT NULL,
    amount_cents BIGINT NOT NULL,
    PRIMARY KEY (payment_id, position),
    FOREIGN KEY(payment_id) REFERENCES claim_payments (payment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE TABLE denials (
    denial_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    claim_id VARCHAR(64) NOT NULL,
    payment_id VARCHAR(64) NOT NULL,
    line_number BIGINT NOT NULL,
    payer_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    root_cause VARCHAR,
    route VARCHAR,
    denied_on DATE NOT NULL,
    deadline_on DATE,
    denied_amount_cents BIGINT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (denial_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(claim_id) REFERENCES claims (claim_id),
    FOREIGN KEY(payment_id) REFERENCES claim_payments (payment_id)
);

CREATE INDEX denials_by_claim ON denials (claim_id);

CREATE INDEX denials_by_status ON denials (organization_id, status, denied_on);

CREATE TABLE line_adjudications (
    claim_id VARCHAR(64) NOT NULL,
    line_number BIGINT NOT NULL,
    payment_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    sequence BIGINT NOT NULL,
    received_on DATE NOT NULL,
    outcome VARCHAR NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (claim_id, line_number, payment_id),
    FOREIGN KEY(claim_id) REFERENCES claims (claim_id),
    FOREIGN KEY(payment_id) REFERENCES claim_payments (payment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE INDEX line_adjudications_by_payment ON line_adjudications (payment_id);

CREATE INDEX line_adjudications_by_receipt ON line_adjudications (organization_id, received_on);

CREATE TABLE service_payments (
    payment_id VARCHAR(64) NOT NULL,
    position BIGINT NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    procedure_code VARCHAR NOT NULL,
    service_date DATE,
    charge_cents BIGINT NOT NULL,
    paid_cents BIGINT NOT NULL,
    PRIMARY KEY (payment_id, position),
    FOREIGN KEY(payment_id) REFERENCES claim_payments (payment_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id)
);

CREATE TABLE appeal_drafts (
    draft_id VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    denial_id VARCHAR(64) NOT NULL,
    version BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (draft_id),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(denial_id) REFERENCES denials (denial_id)
);

CREATE UNIQUE INDEX appeal_drafts_by_denial ON appeal_drafts (organization_id, denial_id, version);
